import DequeModule

/// How a lease ends.
enum LeaseEnding: Sendable {
    /// The transaction has ended. The next one may use the connection.
    case over
    /// The transaction must be rolled back first.
    case rollback
    /// The connection must not be reused.
    case discard
}

extension IOLoop {
    func acquire(_ lease: Lease) {
        if lease.phase == .abandoned { return lease.settle(.failure(.cancelled)) }
        if closingDeadline != nil { return lease.settle(.failure(.closed)) }
        if let slot = idleExclusive.popLast() { return grant(lease, slot) }
        if areLeasesDown(now: .now) { return lease.settle(.failure(.unavailable)) }
        guard waitingLeases.count < configuration.maxQueuedQueries else {
            return lease.settle(.failure(.queueFull))
        }
        lease.phase = .waiting
        waitingLeases.append(lease)
        schedule(at: lease.deadline)
        scheduleLeasesDown()
    }

    private func grant(_ lease: Lease, _ slot: Slot) {
        lease.phase = .active
        lease.slot = slot
        slot.lease = lease
        lease.settle(.success(()))
    }

    func abandon(_ lease: Lease) {
        switch lease.phase {
        case .created: lease.phase = .abandoned
        case .waiting:
            lease.phase = .ended
            lease.settle(.failure(.cancelled))
        // Granted in the meantime. The holder sees the cancellation and releases it.
        case .abandoned, .active, .lost, .ended: break
        }
    }

    /// Gives a free connection to the transaction that has waited longest.
    func giveBack(_ slot: Slot) {
        slot.lease = nil
        while let lease = waitingLeases.popFirst() {
            if lease.phase == .waiting { return grant(lease, slot) }
        }
        idleExclusive.append(slot)
    }

    func release(_ lease: Lease, _ ending: LeaseEnding, _ completion: @escaping @Sendable () -> Void) {
        guard lease.phase == .active, let slot = lease.slot, let connection = slot.ready else { return completion() }
        switch ending {
        // An abandoned statement still runs. Closing the connection ends the transaction without waiting for it.
        case _ where !connection.isIdle, .discard:
            lose(slot, PostgresError(.connectionLost, "a transaction was abandoned", maybeExecuted: true))
            completion()
        case .over:
            lease.phase = .ended
            lease.slot = nil
            giveBack(slot)
            completion()
        case .rollback:
            let timeout = configuration.queryTimeout
            let rollback = Request(["ROLLBACK"], target: .lease(lease), timeout: timeout, deadline: .now + timeout)
            rollback.completion = { [mailbox] result in
                let ending: LeaseEnding = if case .success = result { .over } else { .discard }
                if !mailbox.post(.release(lease, ending, completion: completion)) { completion() }
            }
            submit(rollback)
        }
    }

    // MARK: Deadlines

    func sweepLeases(now: ContinuousClock.Instant) {
        if areLeasesDown(now: now) { failWaitingLeases(.unavailable) }
        waitingLeases.removeAll { lease in
            guard lease.phase == .waiting else { return true }
            guard lease.deadline <= now else {
                schedule(at: lease.deadline)
                return false
            }
            lease.phase = .ended
            lease.settle(.failure(PostgresError(.poolExhausted, "no connection became free for a transaction")))
            return true
        }
        if !waitingLeases.isEmpty { scheduleLeasesDown() }
    }

    func failWaitingLeases(_ error: PostgresError) {
        while let lease = waitingLeases.popFirst() {
            guard lease.phase == .waiting else { continue }
            lease.phase = .ended
            lease.settle(.failure(error))
        }
    }

    /// Whether no transaction connection has been up for a while.
    private func areLeasesDown(now: ContinuousClock.Instant) -> Bool {
        exclusive.allSatisfy { $0.isDown(for: configuration.unavailableAfter, now: now) }
    }

    private func scheduleLeasesDown() {
        let downSince = exclusive.compactMap(\.downSince)
        guard downSince.count == exclusive.count, let last = downSince.max() else { return }
        schedule(at: last + configuration.unavailableAfter)
    }
}
