import NIOCore

/// The payload of HTTP long-polling: packets joined by the record separator (protocol revision 4, "HTTP long-polling").
enum PollingPayload {
    static let separator: UInt8 = 0x1e

    /// - Parameter maxPackets: The limit of packets. A payload with more is refused.
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
