package import ChatModel
package import ChatStore
internal import Foundation
package import Logging
internal import NIOCore
internal import Synchronization

/// The bus over a carrier: PostgreSQL's notifications, or Redis for events and PostgreSQL for hints.
package final class CarriedBus: Bus {
    private struct State {
        var node: NodeIdentity
        var counters: [BusFrame.Path: UInt64] = [:]
        var receiver: FrameReceiver
        var health = BusHealth()
        var hints = HintCollector()
        var isHinting = false
        /// Nobody else is there to be told.
        var isAlone = false
    }

    package let metrics: BusMetrics
    private let codec: FrameCodec
    private let events: any BusCarrier
    private let hints: any BusCarrier
    private let place: @Sendable () async throws -> BusStore.Place
    private let clock = DatabaseClock()
    private let logger: Logger
    private let state: Mutex<State>
    private let outgoing: Batcher<OutgoingEvents, [OutgoingEvents.Load]>

    /// How often the database's clock and timeline are asked for.
    private static let locating: Duration = .seconds(30)
    /// After hints could not be sent.
    private static let hintPause: Duration = .milliseconds(250)

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
        outgoing = Batcher(OutgoingEvents(channels: carrier.channels, maxFrame: carrier.maxFrame)) { waiting in
            let loads = waiting.take()
            return loads.isEmpty ? nil : loads
        }
    }

    /// What carries events: for metrics.
    package var name: String { events.name }

    package var isUp: Bool { state.withLock { $0.health.isUp(at: Self.now) } }

    private static var now: Duration { ContinuousClock.now - start }
    private static let start = ContinuousClock.now

    /// A lost lease: from now on this is another node.
    package func adopt(_ node: NodeIdentity) {
        state.withLock { state in
            state.node = node
            state.counters = [:]
            state.receiver.adopt(node)
        }
    }

    /// Whether there is no other node. Nothing is sent then.
    package func set(isAlone: Bool) { state.withLock { $0.isAlone = isAlone } }

    // MARK: Sending

    package func publish(_ event: BusEvent) {
        guard !state.withLock({ $0.isAlone }) else { return }
        if event.revision > 0 { hint(BusHint(event.conversation, event.revision)) }
        let channel = Self.channel(of: event, among: events.channels)
        let hasRoom = outgoing.submit {
            $0.add(event, to: channel)
        } work: { [self] in
            await send($0)
        }
        if !hasRoom { metrics.dropped.add() }
    }

    /// The last channel is that of presence and typing; a conversation's events have one of the others.
    private static func channel(of event: BusEvent, among channels: Int) -> Int {
        guard channels > 1 else { return 0 }
        guard event.kind != .typing, event.kind != .presence else { return channels - 1 }
        return Int(event.conversation.uuid.uuid.15) % (channels - 1)
    }

    private func send(_ loads: [OutgoingEvents.Load]) async {
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
            guard !state.isAlone else { return false }
            state.hints.add(hint, at: Self.now)
            defer { state.isHinting = true }
            return !state.isHinting
        }
        if starts { Task { await tellHints() } }
    }

    /// Until there are none.
    private func tellHints() async {
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
            let due = state.hints.deadline(isBusUp: state.health.isUp(at: Self.now))
            state.isHinting = due != nil
            return due
        }
    }

    /// Tells what waits, without waiting for more: also before the server stops.
    package func sendHints() async {
        let loads = state.withLock { $0.hints.take() }
        guard !loads.isEmpty else { return }
        do {
            try await hints.send(loads.map { CarriedFrame(channel: 0, frame: encode(.hints($0), .hints)) })
            metrics.hintsSent.add(loads.reduce(0) { $0 + $1.count })
        } catch {
            logger.debug("hints are told later", metadata: ["error": "\(error)"])
            state.withLock { state in
                for load in loads { state.hints.putBack(load, at: Self.now, pause: Self.hintPause) }
            }
        }
    }

    // MARK: Receiving

    package func run(_ receive: @escaping @Sendable (BusInput) async -> Void) async {
        await withTaskGroup { tasks in
            tasks.addTask { [self] in await keepAlive(receive) }
            tasks.addTask { [self] in
                await hints.run { event in
                    if case .listening = event { await self.locate(receive) }
                    await self.take(event, isWhole: true, receive)
                }
            }
            guard events.name != hints.name else { return }
            tasks.addTask { [self] in
                await events.run { await self.take($0, isWhole: false, receive) }
            }
        }
    }

    /// - Parameter isWhole: Whether every change is told of this way, so that a gap means that anything may have been missed.
    private func take(_ event: CarrierEvent, isWhole: Bool, _ receive: (BusInput) async -> Void) async {
        switch event {
        case .listening, .missed:
            await receive(isWhole ? .listening : .missed(of: nil))
        case .frame(let text):
            guard let frame = try? codec.decode(text) else { return metrics.refused.add() }
            let inputs = state.withLock { state in
                let (inputs, isEcho) = state.receiver.receive(frame, at: clock.now)
                if isEcho { state.health.noteEcho(at: Self.now) }
                return inputs
            }
            for input in inputs { await receive(input) }
        }
    }

    /// A frame now and then shows whether what we send comes back.
    private func keepAlive(_ receive: (BusInput) async -> Void) async {
        var lastLocated = Self.now
        repeat {
            let isDue = state.withLock { state in
                state.health.note(isConnected: events.isConnected, at: Self.now)
                return !state.isAlone && state.health.isDue(at: Self.now)
            }
            // Behind the events: frames leave in the order of their counters.
            if isDue {
                outgoing.submit {
                    $0.addSignOfLife()
                    return true
                } work: { [self] in
                    await send($0)
                }
            }
            if Self.now - lastLocated >= Self.locating {
                await locate(receive)
                lastLocated = Self.now
            }
        } while (try? await Task.sleep(for: BusHealth.interval / 4)) != nil
    }

    private func locate(_ receive: (BusInput) async -> Void) async {
        let asked = DatabaseClock.local
        guard let place = try? await place() else { return }
        clock.set(place.clock, asked: asked, answered: DatabaseClock.local)
        if state.withLock({ $0.receiver.note(timeline: place.timeline) }) { await receive(.everything) }
    }
}
