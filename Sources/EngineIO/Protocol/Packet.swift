import NIOCore

/// An Engine.IO packet (protocol revision 4, "Packet encoding").
enum Packet: Equatable {
    case open(ByteBuffer)
    case close
    case ping(ByteBuffer)
    case pong(ByteBuffer)
    case message(EngineMessage)
    case upgrade
    case noop
}

/// Why bytes from a client are not an Engine.IO packet.
enum PacketError: Error, Equatable {
    case empty
    case unknownType(UInt8)
    case invalidBase64
    case invalidUTF8
    case tooManyPackets
}

extension Packet {
    /// Reads the packet in one WebSocket text message, or one text packet of a polling payload.
    init(text buffer: ByteBuffer) throws(PacketError) {
        var rest = buffer
        guard let type = rest.readInteger(as: UInt8.self) else { throw .empty }
        switch type {
        case UInt8(ascii: "0"): self = .open(rest)
        case UInt8(ascii: "1"): self = .close
        case UInt8(ascii: "2"): self = .ping(rest)
        case UInt8(ascii: "3"): self = .pong(rest)
        case UInt8(ascii: "4"): self = .message(.text(rest))
        case UInt8(ascii: "5"): self = .upgrade
        case UInt8(ascii: "6"): self = .noop
        default: throw .unknownType(type)
        }
    }

    /// Reads one packet of a polling payload, where a binary message is `b` and base64.
    init(payloadElement buffer: ByteBuffer) throws(PacketError) {
        guard buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) == UInt8(ascii: "b") else {
            try self.init(text: buffer)
            return
        }
        guard let bytes = Base64.decode(buffer.readableBytesView.dropFirst()) else { throw .invalidBase64 }
        self = .message(.binary(bytes))
    }
}
