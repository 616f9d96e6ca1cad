package import NIOCore

/// Takes frames to every node, this one as well: at most once, and each channel's in their order.
package protocol BusCarrier: Sendable {
    /// For metrics: "postgres", "redis".
    var name: String { get }
    /// How many channels there are.
    var channels: Int { get }
    /// Bytes of a frame.
    var maxFrame: Int { get }
    /// Whether it is connected, as far as it knows.
    var isConnected: Bool { get }

    /// Returns when the frames are on their way. Bounded in time.
    func send(_ frames: [CarriedFrame]) async throws

    /// Receives until the task is canceled, one after the other.
    func run(_ receive: @escaping @Sendable (CarrierEvent) async -> Void) async
}

package struct CarriedFrame: Sendable {
    package var channel: Int
    package var frame: ByteBuffer

    package init(channel: Int, frame: ByteBuffer) {
        self.channel = channel
        self.frame = frame
    }
}

package enum CarrierEvent: Sendable {
    /// Listening has begun, or begun again. What was sent before is lost.
    case listening
    case frame(ByteBuffer)
    /// Frames were dropped here, because we were too slow.
    case missed
}
