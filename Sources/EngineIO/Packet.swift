public import NIOCore

/// A message carried by an Engine.IO session: what the layer above sends and receives.
public enum EngineMessage: Sendable, Equatable {
    /// Valid UTF-8 text.
    case text(ByteBuffer)
    case binary(ByteBuffer)
}

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

/// What makes bytes from a client no Engine.IO packet.
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

/// The payload of HTTP long-polling: packets joined by the record separator (protocol revision 4, "HTTP long-polling").
enum PollingPayload {
    static let separator: UInt8 = 0x1e

    /// - Parameter maxPackets: The number of packets beyond which a payload is refused.
    static func decode(_ body: ByteBuffer, maxPackets: Int) throws(PacketError) -> [Packet] {
        var validator = UTF8Validator()
        guard validator.consume(body.readableBytesView), validator.isComplete else { throw .invalidUTF8 }
        var packets: [Packet] = []
        var rest = body
        while true {
            let length = rest.readableBytesView.firstIndex(of: separator).map { $0 - rest.readerIndex }
            guard let element = rest.readSlice(length: length ?? rest.readableBytes) else { throw .empty }
            guard packets.count < maxPackets else { throw .tooManyPackets }
            packets.append(try Packet(payloadElement: element))
            if length == nil { return packets }
            rest.moveReaderIndex(forwardBy: 1)
        }
    }

    static func encode(_ packets: some Collection<EncodedPacket>) -> ByteBuffer {
        var body = ByteBuffer()
        body.reserveCapacity(packets.reduce(0) { $0 + $1.pollingPacket.readableBytes + 1 })
        for (index, packet) in packets.enumerated() {
            if index > 0 { body.writeInteger(separator) }
            body.writeImmutableBuffer(packet.pollingPacket)
        }
        return body
    }
}
