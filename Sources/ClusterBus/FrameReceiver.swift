internal import ChatModel

/// Judges the frames that come. A pure machine, but for its counters.
struct FrameReceiver: Sendable {
    private var streams: NodeStreams
    private let metrics: BusMetrics

    /// What is not repeated counts for nothing after this time: somebody may have recorded it.
    static let maxAge: Int64 = 60_000_000

    init(own: NodeIdentity, timeline: UInt32, metrics: BusMetrics) {
        streams = NodeStreams(own: own, timeline: timeline)
        self.metrics = metrics
    }

    var timeline: UInt32 { streams.timeline }

    mutating func adopt(_ identity: NodeIdentity) { streams.adopt(identity) }

    /// - Returns: Whether PostgreSQL has failed over since.
    mutating func note(timeline: UInt32) -> Bool { streams.note(timeline: timeline) }

    /// - Parameter now: By the database's clock.
    /// - Returns: What it means, and whether it was our own event frame.
    mutating func receive(_ frame: BusFrame, at now: Int64) -> (inputs: [BusInput], isEcho: Bool) {
        let head = frame.head
        var inputs: [BusInput] = []
        if streams.note(timeline: head.timeline) { inputs.append(.everything) }
        let verdict = streams.receive(head)
        if verdict == .own { return (inputs, head.path == .events) }
        if verdict == .began { inputs.append(.began(head.node)) }
        switch frame.body {
        case .hints(let hints):
            // Looking is never wrong, so a hint is never too old.
            note(verdict)
            metrics.hintsReceived.add(hints.count)
            inputs.append(hints.contains(.everything) ? .everything : .hints(hints))
        case .events(let events):
            metrics.lag.record(Double(max(0, now - head.sentAt)) / 1_000_000)
            guard note(verdict) else { return (inputs, false) }
            if case .accepted(let skipped) = verdict, skipped > 0 { inputs.append(.missed(of: head.node)) }
            take(events, of: head, isFresh: now - head.sentAt < Self.maxAge, &inputs)
        }
        return (inputs, false)
    }

    private func take(_ events: [BusEvent], of head: BusFrame.Head, isFresh: Bool, _ inputs: inout [BusInput]) {
        metrics.received.add(events.count)
        let known = events.filter { BusEvent.Kind.known.contains($0.kind) && (isFresh || $0.revision > 0) }
        if !known.isEmpty { inputs.append(.events(known, from: head.node, counter: head.counter)) }
        let unknown = events.filter { !BusEvent.Kind.known.contains($0.kind) && $0.revision > 0 }
        if !unknown.isEmpty { inputs.append(.hints(unknown.map { BusHint($0.conversation, $0.revision) })) }
    }

    /// - Returns: Whether the frame counts.
    @discardableResult
    private func note(_ verdict: NodeStreams.Verdict) -> Bool {
        switch verdict {
        case .accepted(let skipped):
            metrics.gaps.add(skipped)
            return true
        case .began: return true
        case .own: return false
        case .double:
            metrics.doubles.add()
            return false
        case .outdated:
            metrics.outdated.add()
            return false
        }
    }
}
