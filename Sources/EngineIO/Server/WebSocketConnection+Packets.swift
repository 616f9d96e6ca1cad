import Synchronization

extension WebSocketConnection {
    /// Whether messages must be sent with `write(_:)`, which compresses them.
    var compresses: Bool { deflater != nil }

    /// Writes without flushing.
    func write(_ packet: EncodedPacket) {
        // Nothing is compressed for a connection that closes.
        guard state == .open else { return }
        if let deflater {
            write(frames: packet.deflatedFrame(with: deflater))
        } else {
            write(frames: packet.webSocketFrame)
        }
    }

    /// Writes and flushes packets that a session on another event loop sent.
    func receiveRelayed(_ packets: [EncodedPacket]) {
        pendingRemoteBytes.wrappingSubtract(packets.reduce(0) { $0 + $1.size }, ordering: .relaxed)
        for packet in packets { write(packet) }
        flush()
    }
}
