extension IOLoop {
    func submit(_ request: Request) {
        if request.phase == .abandoned { return request.settle(.failure(.cancelled)) }
        if closingDeadline != nil { return request.settle(.failure(.closed)) }
        schedule(at: request.deadline)
        let now = ContinuousClock.now
        switch request.target {
        case .shared(nil):
            if isSharedDown(now: now) { return request.settle(.failure(.unavailable)) }
            queue.append(request)
            if let sharedDownSince { schedule(at: sharedDownSince + configuration.unavailableAfter) }
        case .shared(let lane?):
            let slot = slot(forLane: lane)
            if slot.isDown(for: configuration.unavailableAfter, now: now) {
                return request.settle(.failure(.unavailable))
            }
            slot.queue.append(request)
            if let downSince = slot.downSince { schedule(at: downSince + configuration.unavailableAfter) }
        case .lease(let lease):
            submit(request, on: lease)
        }
    }

    private func submit(_ request: Request, on lease: Lease) {
        switch lease.phase {
        case .active:
            guard let slot = lease.slot else { return request.settle(.failure(.transactionEnded)) }
            send(request, on: slot)
        case .lost:
            request.settle(.failure(PostgresError(.connectionLost, "the transaction's connection was lost")))
        case .created, .abandoned, .waiting, .ended:
            request.settle(.failure(.transactionEnded))
        }
    }

    /// Drops a request that nobody awaits anymore. If it was sent, it may still execute, and its answer is dropped.
    func abandon(_ request: Request) {
        switch request.phase {
        case .created: request.phase = .abandoned
        case .waiting: request.settle(.failure(.cancelled))
        case .inFlight:
            request.settle(.failure(PostgresError(.cancelled, "the waiting task was cancelled", maybeExecuted: true)))
        case .abandoned, .settled: break
        }
    }

    func isSharedDown(now: ContinuousClock.Instant) -> Bool {
        sharedDownSince.map { now - $0 >= configuration.unavailableAfter } ?? false
    }

    private func slot(forLane lane: Int) -> Slot {
        shared[Int(UInt(bitPattern: lane) % UInt(shared.count))]
    }

    // MARK: Sending

    /// Sends waiting requests as long as the connections have room.
    func pump() {
        for slot in shared {
            while hasRoom(slot), let request = slot.queue.next() { send(request, on: slot) }
        }
        while !queue.isEmpty, let slot = leastBusySlot(), let request = queue.next() { send(request, on: slot) }
    }

    private func hasRoom(_ slot: Slot) -> Bool {
        guard let connection = slot.ready else { return false }
        return !connection.isBlocked && connection.inFlight < configuration.maxPipelinedQueries
    }

    /// The connection with the fewest requests. Connections without lane commits come first.
    private func leastBusySlot() -> Slot? {
        var best: (slot: Slot, load: (Int, Int))?
        for slot in shared where hasRoom(slot) {
            guard let connection = slot.ready else { continue }
            let load = (connection.lanesInFlight, connection.inFlight)
            if best.map({ load < $0.load }) ?? true { best = (slot, load) }
        }
        return best?.slot
    }

    private func send(_ request: Request, on slot: Slot) {
        guard let connection = slot.ready else { return request.settle(.failure(.unavailable)) }
        do throws(PostgresError) {
            try connection.send(request)
        } catch {
            lose(slot, error)
        }
    }

    // MARK: Answers

    func finish(_ request: Request, _ answer: Connection.Answer, _ slot: Slot) {
        switch answer.result {
        case .success(let results):
            request.settle(.success(results.dropFirst(request.hiddenQueries).map(PostgresResult.init)))
        case .failure(let failure):
            // A segment was rolled back as a whole, so it can run again with newly prepared statements. A transaction
            // cannot, because its earlier statements were rolled back too.
            guard answer.isStale, request.phase == .inFlight, !request.isRetry, closingDeadline == nil,
                case .shared(let lane) = request.target
            else { return request.settle(.failure(failure.error)) }
            request.isRetry = true
            if lane == nil { queue.prepend(request) } else { slot.queue.prepend(request) }
        }
    }
}
