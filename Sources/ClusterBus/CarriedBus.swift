package import ChatModel
package import ChatStore
internal import Foundation
package import Logging
internal import Synchronization

/// The bus over a carrier: PostgreSQL's notifications, or Redis for events and PostgreSQL for hints.
package final class CarriedBus: Bus {
    struct State {
        var node: NodeIdentity
        var counters: [BusFrame.Path: UInt64] = [:]
        var receiver: FrameReceiver
        var health = BusHealth()
        var hints = HintCollector()
        /// Those from before the database was last asked whether there are others.
        var older = HintCollector()
        var isHinting = false
        /// Nobody else is there to be told.
        var isAlone = false
        var kept = KeptFacts()
        /// When the database was last asked whether there are others, by its clock.
        var asked: Int64 = 0
        /// Whether the node is about to stop: what cannot be told now is not told again.
        var isEnding = false
        /// Whether something that had to be told was given up, and the others do not know yet that they must look at everything.
        var hasGivenUp = false
    }

    package let metrics: BusMetrics
    let codec: FrameCodec
    let events: any BusCarrier
    let hints: any BusCarrier
    let place: @Sendable () async throws -> BusStore.Place
    let clock = DatabaseClock()
    let logger: Logger
    let state: Mutex<State>
    let outgoing: Batcher<OutgoingEvents, [OutgoingEvents.Load]>
    let facts: Batcher<OutgoingEvents, [OutgoingEvents.Load]>
    /// Facts, and hints, are sent one after the other.
    let turns = KeyedLock<BusFrame.Path>()

    /// - Parameters:
    ///   - hints: Over PostgreSQL: what it confirms is heard by everybody who listens, or they know that they did not listen.
    ///   - events: Over something faster; nil: as hints.
    ///   - place: Asks the database where and when it is.
    package init(
        node: NodeIdentity, codec: FrameCodec, hints: any BusCarrier, events: (any BusCarrier)? = nil,
        logger: Logger, place: @escaping @Sendable () async throws -> BusStore.Place
    ) {
        let metrics = BusMetrics()
        let carrier = events ?? hints
        self.metrics = metrics
        self.codec = codec
        self.hints = hints
        self.events = carrier
        self.place = place
        self.logger = logger
        state = Mutex(State(node: node, receiver: FrameReceiver(own: node, timeline: 0, metrics: metrics)))
        outgoing = Self.batcher(channels: carrier.channels, maxFrame: carrier.maxFrame)
        facts = Self.batcher(channels: 1, maxFrame: hints.maxFrame)
    }

    private static func batcher(channels: Int, maxFrame: Int) -> Batcher<OutgoingEvents, [OutgoingEvents.Load]> {
        Batcher(OutgoingEvents(channels: channels, maxFrame: maxFrame)) { waiting in
            let loads = waiting.take()
            waiting.areLeaving = !loads.isEmpty
            return loads.isEmpty ? nil : loads
        }
    }

    /// What carries events: for metrics.
    package var name: String { events.name }

    package var isUp: Bool { state.withLock { $0.health.isUp(at: Self.now) } }

    static var now: Duration { ContinuousClock.now - start }
    private static let start = ContinuousClock.now

    package func adopt(_ node: NodeIdentity) {
        state.withLock { state in
            state.node = node
            state.counters = [:]
            state.receiver.adopt(node)
        }
    }

    package var isAlone: Bool { state.withLock { $0.isAlone } }

    package func beginAsking() {
        state.withLock { state in
            state.asked = clock.now
            state.receiver.ask()
            guard state.isAlone else { return }
            state.older.absorb(state.hints, at: Self.now)
            state.hints = HintCollector()
            state.kept.beginAsking()
        }
    }

    package func confirm(_ living: [NodeIdentity]) {
        state.withLock { $0.receiver.confirm(living, asked: $0.asked) }
    }

    package func set(isAlone: Bool) {
        let starts = state.withLock { state in
            if isAlone {
                state.isAlone = true
                state.older = HintCollector()
                state.kept.forgetOlder()
                if state.hints.isEmpty { state.hasGivenUp = false }
                return false
            }
            guard state.isAlone else { return false }
            state.isAlone = false
            if state.kept.wereTooMany { state.hints.add(.everything, at: Self.now) }
            // Under the lock: what is published from now on follows them.
            for event in state.kept.take() where !hasRoom(for: event) { state.hints.add(.everything, at: Self.now) }
            state.hints.absorb(state.older, at: Self.now)
            state.older = HintCollector()
            guard !state.hints.isEmpty, !state.isHinting else { return false }
            state.isHinting = true
            return true
        }
        if starts { Task { await tellHints() } }
    }
}
