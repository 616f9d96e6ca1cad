internal import ChatModel

/// Judges the frames that come. A pure machine, but for its counters.
struct FrameReceiver: Sendable {
    private var streams: NodeStreams
    private let metrics: BusMetrics

    init(own: NodeIdentity, timeline: UInt32, metrics: BusMetrics) {
        streams = NodeStreams(own: own, timeline: timeline)
        self.metrics = metrics
    }

    var timeline: UInt32 { streams.timeline }

    mutating func adopt(_ identity: NodeIdentity) { streams.adopt(identity) }

    mutating func ask() { streams.ask() }

    mutating func confirm(_ living: [NodeIdentity], asked: Int64) { streams.confirm(living, asked: asked) }

    /// - Returns: Whether PostgreSQL has failed over since.
    mutating func note(timeline: UInt32) -> Bool { streams.note(timeline: timeline) }

    /// - Parameter now: By the database's clock.
    /// - Returns: What it means, and whether it was our own event frame.
    mutating func receive(_ frame: BusFrame, at now: Int64) -> (inputs: [BusInput], isEcho: Bool) {
        let head = frame.head
        var inputs: [BusInput] = []
        if streams.note(timeline: head.timeline) { inputs.append(.everything) }
        let verdict = streams.receive(head, at: now)
        if verdict == .own { return (inputs, head.path == .events) }
        if verdict == .began {
            inputs.append(.began(head.node))
            if streams.forgetRefused(head.node) { inputs.append(.everything) }
        }
        switch frame.body {
        case .hints(let hints):
            // Hints say only where to look, and what the node does now is in no event that counts.
            guard note(verdict) || verdict == .undone else { return (inputs, false) }
            metrics.hintsReceived.add(hints.count)
            inputs.append(hints.contains(.everything) ? .everything : .hints(hints))
        case .events(let events):
            metrics.lag.record(Double(max(0, now - head.sentAt)) / 1_000_000)
            guard note(verdict) else {
                // It may be newer than the fail-over, of which the node does not know yet.
                if verdict == .undone, head.path == .facts, !inputs.contains(.everything) { inputs.append(.everything) }
                return (inputs, false)
            }
            if case .accepted(let skipped) = verdict, skipped > 0 { inputs.append(.missed(of: head.node)) }
            take(events, of: head, isFresh: now - head.sentAt < NodeStreams.maxAge, &inputs)
        }
        return (inputs, false)
    }

    /// What is not repeated counts for nothing after some time: somebody may have recorded it. Facts are looked for in the
    /// database then.
    private func take(_ events: [BusEvent], of head: BusFrame.Head, isFresh: Bool, _ inputs: inout [BusInput]) {
        metrics.received.add(events.count)
        let known = events.filter { BusEvent.Kind.known.contains($0.kind) && (isFresh || $0.revision > 0) }
        if !isFresh, head.path == .facts, events.contains(where: { $0.revision == 0 }), !inputs.contains(.everything) {
            inputs.append(.everything)
        }
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
        case .outdated, .undone:
            metrics.outdated.add()
            return false
        }
    }
}
