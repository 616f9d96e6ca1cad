internal import DequeModule

/// The events that wait while others are on their way. A lone event leaves at once; what comes meanwhile is joined into
/// few frames. A pure machine.
struct OutgoingEvents: Sendable {
    /// One frame's events, for one channel.
    struct Load: Sendable {
        var channel: Int
        var events: [BusEvent]
    }

    private var waiting: [Deque<BusEvent>]
    private var bytes = 0
    private var count = 0
    private var needsSignOfLife = false
    /// Whether what was taken last is still to be sent. Whoever sends says so.
    var areLeaving = false
    private let maxFrame: Int

    /// What may wait. More is not taken: hints tell of it.
    static let maxEvents = 20_000
    static let maxBytes = 32 << 20
    /// What leaves at once.
    static let maxBytesAtOnce = 512 << 10

    /// - Parameters:
    ///   - channels: How many channels there are.
    ///   - maxFrame: Bytes of one frame.
    init(channels: Int, maxFrame: Int) {
        waiting = Array(repeating: [], count: channels)
        self.maxFrame = maxFrame
    }

    var isEmpty: Bool { count == 0 && !needsSignOfLife }

    /// A frame is to leave even if there is no event.
    mutating func addSignOfLife() { needsSignOfLife = true }

    /// - Returns: Whether there is room for it, here and in a frame.
    mutating func add(_ event: BusEvent, to channel: Int) -> Bool {
        let size = FrameCodec.size(of: event)
        guard FrameCodec.overhead + size <= maxFrame, count < Self.maxEvents, bytes + size <= Self.maxBytes else {
            return false
        }
        waiting[channel].append(event)
        bytes += size
        count += 1
        return true
    }

    /// Removes what leaves next: of each channel some frames, each channel's events in their order.
    mutating func take() -> [Load] {
        var loads: [Load] = []
        for channel in waiting.indices {
            var left = Self.maxBytesAtOnce / waiting.count
            while left > 0, let load = takeFrame(of: channel, &left) { loads.append(load) }
        }
        if loads.isEmpty, needsSignOfLife { loads.append(Load(channel: waiting.count - 1, events: [])) }
        needsSignOfLife = false
        return loads
    }

    private mutating func takeFrame(of channel: Int, _ left: inout Int) -> Load? {
        var size = FrameCodec.overhead
        var events: [BusEvent] = []
        while let next = waiting[channel].first, size + FrameCodec.size(of: next) <= maxFrame {
            waiting[channel].removeFirst()
            events.append(next)
            size += FrameCodec.size(of: next)
            bytes -= FrameCodec.size(of: next)
            count -= 1
        }
        left -= size
        return events.isEmpty ? nil : Load(channel: channel, events: events)
    }
}
