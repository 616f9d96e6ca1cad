internal import ChatModel
internal import Foundation
internal import Logging
internal import NIOCore
internal import Synchronization

/// Events leave at once, facts until they have been sent, and hints together, a little later.
extension CarriedBus {
    /// After hints or facts could not be sent.
    private static let pause: Duration = .milliseconds(250)
    /// How often facts are tried to be sent, and what waits when the node stops. An attempt has a time limit of some seconds.
    private static let maxAttempts = 20
    private static let lastAttempts = 2
    /// How often, and after which pause, it is looked whether facts that were taken have had their turn.
    private static let maxWaits = 100
    private static let wait: Duration = .milliseconds(10)

    package func publish(_ event: BusEvent) {
        if event.revision > 0 { hint(BusHint(event.conversation, event.revision)) }
        guard !isAlone else { return }
        let channel = Self.channel(of: event, among: events.channels)
        let hasRoom = outgoing.submit {
            $0.add(event, to: channel)
        } work: { [self] in
            await send($0)
        }
        if !hasRoom { metrics.dropped.add() }
    }

    package func publishSurely(_ event: BusEvent) {
        if event.revision > 0 { hint(BusHint(event.conversation, event.revision)) }
        let isKept = state.withLock { state in
            if state.isAlone { state.kept.add(event) }
            return state.isAlone
        }
        if !isKept, !hasRoom(for: event) { hint(.everything) }
    }

    /// A fact is to be sent.
    /// - Returns: Whether it will be.
    func hasRoom(for event: BusEvent) -> Bool {
        facts.submit {
            $0.add(event, to: 0)
        } work: { [self] in
            await sendFacts($0)
        }
    }

    /// Again and again, until they have been sent. A time-out may have sent them: whoever hears of them twice does nothing
    /// twice.
    private func sendFacts(_ loads: [OutgoingEvents.Load]) async {
        await turns.withLock(.facts) {
            defer { facts.update { $0.areLeaving = false } }
            for _ in 1...Self.maxAttempts {
                if await trySending(loads) { return }
                if keepIfAlone(loads) { return }
                if state.withLock({ $0.isEnding }) { break }
                try? await Task.sleep(for: Self.pause)
            }
            giveUp()
        }
    }

    private func giveUp() {
        state.withLock { state in
            state.hasGivenUp = true
            state.hints.add(.everything, at: Self.now)
        }
        hint(.everything)
    }

    private func keepIfAlone(_ loads: [OutgoingEvents.Load]) -> Bool {
        state.withLock { state in
            guard state.isAlone else { return false }
            for load in loads { for event in load.events { state.kept.add(event) } }
            return true
        }
    }

    private func trySending(_ loads: [OutgoingEvents.Load]) async -> Bool {
        let frames = loads.map { CarriedFrame(channel: 0, frame: encode(.events($0.events), .facts)) }
        let count = loads.reduce(0) { $0 + $1.events.count }
        do {
            try await hints.send(frames)
            metrics.sent.add(count)
            metrics.frames.add(frames.count)
            return true
        } catch {
            metrics.failed.add(count)
            logger.debug("facts are told again", metadata: ["error": "\(error)"])
            return false
        }
    }

    package func end(with event: BusEvent) async {
        guard !isAlone else { return }
        state.withLock { $0.isEnding = true }
        guard await attempt({ await self.sendHints() }) else { return }
        for _ in 1...Self.maxWaits {
            if await endInTurn(with: event) { return }
            try? await Task.sleep(for: Self.wait)
        }
    }

    /// - Returns: False while facts that were taken have not had their turn.
    private func endInTurn(with event: BusEvent) async -> Bool {
        await turns.withLock(.facts) {
            let waiting = facts.update { facts -> [OutgoingEvents.Load]? in
                guard !facts.areLeaving else { return nil }
                var waiting: [OutgoingEvents.Load] = []
                while case let more = facts.take(), !more.isEmpty { waiting += more }
                return waiting
            }
            guard let waiting else { return false }
            guard !state.withLock({ $0.hasGivenUp }) else { return true }
            let loads = waiting + [OutgoingEvents.Load(channel: 0, events: [event])]
            _ = await attempt { await self.trySending(loads) }
            return true
        }
    }

    private func attempt(_ body: () async -> Bool) async -> Bool {
        for _ in 1..<Self.lastAttempts {
            if await body() { return true }
            try? await Task.sleep(for: Self.pause)
        }
        return await body()
    }

    /// The last channel is that of presence and typing; a conversation's events have one of the others.
    private static func channel(of event: BusEvent, among channels: Int) -> Int {
        guard channels > 1 else { return 0 }
        guard event.kind != .typing, event.kind != .presence else { return channels - 1 }
        return Int(event.conversation.uuid.uuid.15) % (channels - 1)
    }

    func send(_ loads: [OutgoingEvents.Load]) async {
        let count = loads.reduce(0) { $0 + $1.events.count }
        let frames = loads.map { CarriedFrame(channel: $0.channel, frame: encode(.events($0.events), .events)) }
        do {
            try await events.send(frames)
            metrics.sent.add(count)
            metrics.frames.add(frames.count)
        } catch {
            metrics.failed.add(count)
            logger.debug("events were not sent to other nodes", metadata: ["error": "\(error)"])
        }
    }

    private func encode(_ body: BusFrame.Body, _ path: BusFrame.Path) -> ByteBuffer {
        let head = state.withLock { state in
            state.counters[path, default: 0] += 1
            if path == .events { state.health.noteSent(at: Self.now) }
            return BusFrame.Head(
                node: state.node, path: path, counter: state.counters[path, default: 0],
                timeline: state.receiver.timeline, sentAt: clock.now)
        }
        return codec.encode(BusFrame(head: head, body: body))
    }

    // MARK: Hints

    package func hint(_ hint: BusHint) {
        let starts = state.withLock { state in
            state.hints.add(hint, at: Self.now)
            guard !state.isAlone else { return false }
            defer { state.isHinting = true }
            return !state.isHinting
        }
        if starts { Task { await tellHints() } }
    }

    /// Until there are none.
    func tellHints() async {
        while let due = nextHints() {
            let pause = due - Self.now
            if pause > .zero {
                try? await Task.sleep(for: pause)
            } else {
                await sendHints()
            }
        }
    }

    private func nextHints() -> Duration? {
        state.withLock { state in
            let due = state.isAlone ? nil : state.hints.deadline(isBusUp: state.health.isUp(at: Self.now))
            state.isHinting = due != nil
            return due
        }
    }

    /// - Returns: Whether none waits any more.
    @discardableResult
    package func sendHints() async -> Bool {
        await turns.withLock(.hints) {
            let (loads, hasGivenUp) = state.withLock { state in
                let loads = state.isAlone ? [] : state.hints.take()
                let hasGivenUp = state.hasGivenUp
                if loads == [[.everything]] { state.hasGivenUp = false }
                return (loads, hasGivenUp)
            }
            guard !loads.isEmpty else { return true }
            do {
                try await hints.send(loads.map { CarriedFrame(channel: 0, frame: encode(.hints($0), .hints)) })
                metrics.hintsSent.add(loads.reduce(0) { $0 + $1.count })
                return true
            } catch {
                logger.debug("hints are told later", metadata: ["error": "\(error)"])
                state.withLock { state in
                    if hasGivenUp { state.hasGivenUp = true }
                    for load in loads { state.hints.putBack(load, at: Self.now, pause: Self.pause) }
                }
                return false
            }
        }
    }
}
