import DequeModule
import NIOCore

/// The packets that wait for a client's next poll. It bounds what one client may leave unread.
struct PollingQueue {
    private let maxPacketsPerPoll: Int
    private let maxPayload: Int
    private let maxOutboundBytes: Int
    private var packets: Deque<EncodedPacket> = []
    private var queuedBytes = 0
    /// Bytes of answers that the client has not read.
    private var unreadBytes = 0

    init(_ configuration: EngineConfiguration) {
        maxPacketsPerPoll = configuration.maxPacketsPerPoll
        maxPayload = configuration.maxPayload
        maxOutboundBytes = configuration.maxOutboundBytes
    }

    var isEmpty: Bool { packets.isEmpty }

    /// - Returns: Whether the packet fits within the limit. If not, it is not queued.
    mutating func append(_ packet: EncodedPacket) -> Bool {
        // While an answer waits to be read, the kernel's buffer is full.
        let kernelBytes = unreadBytes > 0 ? SendBuffers.forMessages(within: maxOutboundBytes).kernelBytes : 0
        guard queuedBytes + unreadBytes + kernelBytes + packet.size <= maxOutboundBytes else { return false }
        packets.append(packet)
        queuedBytes += packet.size
        return true
    }

    /// Removes the packets of the next answer.
    mutating func take() -> [EncodedPacket] {
        var taken: [EncodedPacket] = []
        var bytes = 0
        while taken.count < maxPacketsPerPoll, let packet = packets.first {
            let length = packet.pollingPacket.readableBytes + 1
            guard taken.isEmpty || bytes + length <= maxPayload else { break }
            bytes += length
            taken.append(packet)
            packets.removeFirst()
            queuedBytes -= packet.size
        }
        return taken
    }

    mutating func takeAll() -> [EncodedPacket] {
        defer { removeAll() }
        return Array(packets)
    }

    mutating func removeAll() {
        packets = []
        queuedBytes = 0
    }

    /// A poll is answered with this many bytes. The kernel has none of them yet.
    mutating func answering(_ bytes: Int) { unreadBytes += bytes }

    /// The kernel has taken them.
    mutating func answered(_ bytes: Int) { unreadBytes -= bytes }
}
