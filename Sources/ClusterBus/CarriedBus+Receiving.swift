internal import ChatModel
internal import ChatStore
internal import Synchronization

/// Judges what comes, and sends a frame now and then to see whether the bus works.
extension CarriedBus {
    /// How often the database's clock and timeline are asked for.
    private static let locating: Duration = .seconds(30)

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
