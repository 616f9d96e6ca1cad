public import EngineIO
import NIOCore

/// An encoded event for clients of one namespace. It can be sent to any number of them.
public struct EncodedEvent: Sendable {
    /// The event, followed by its attachments. Joined events follow each other.
    public let packets: [EncodedPacket]
    /// The packets' WebSocket frames, concatenated.
    let frames: ByteBuffer

    init(packets: [EncodedPacket]) {
        self.packets = packets
        frames = packets.count == 1 ? packets[0].webSocketFrame : Self.concatenate(packets.map(\.webSocketFrame))
    }

    /// Joins events that are sent together, in new memory.
    ///
    /// Event loops that count references to the same memory slow each other down: by a quarter of a broadcast's time,
    /// measured on two cores. So each loop makes its own copy, even of a single event.
    init(joining events: some Collection<EncodedEvent>) {
        packets = events.flatMap(\.packets)
        frames = Self.concatenate(events.map(\.frames))
    }

    private static func concatenate(_ frames: [ByteBuffer]) -> ByteBuffer {
        var joined = ByteBufferAllocator().buffer(capacity: frames.reduce(0) { $0 + $1.readableBytes })
        for frame in frames { joined.writeImmutableBuffer(frame) }
        return joined
    }
}
