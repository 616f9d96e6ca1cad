import Foundation
import Logging

extension IOLoop {
    func openSlots() {
        let now = ContinuousClock.now
        sharedDownSince = now
        shared = (0..<configuration.connections).map { _ in addSlot(.shared, now: now) }
        exclusive = (0..<configuration.transactionConnections).map { _ in addSlot(.exclusive, now: now) }
    }

    private func addSlot(_ role: Slot.Role, now: ContinuousClock.Instant) -> Slot {
        let slot = Slot(id: nextSlot, role: role, now: now)
        nextSlot += 1
        slots[slot.id] = slot
        startConnecting(slot)
        return slot
    }

    // MARK: Connecting

    /// A host name lookup can block for long, so a short-lived thread does it, at most one per slot. (If the connection
    /// string has several hosts, libpq looks up the later ones in `PQconnectPoll` on the I/O thread. Use addresses for
    /// those.)
    func startConnecting(_ slot: Slot) {
        guard closingDeadline == nil else { return }
        slot.state = .starting
        let id = slot.id
        Thread.detachNewThread { [mailbox, parameters] in
            let result = Result<PQConnection, PostgresError> { () throws(PostgresError) in
                try PQConnection.start(parameters)
            }
            // Refused only when the client is closed; the connection then ends with this reference.
            _ = mailbox.post(.started(ConnectionStart(slot: id, result: result)))
        }
    }

    func started(_ start: ConnectionStart) {
        // If the slot is gone (a listener ended, or the client closed), the connection is dropped here.
        guard closingDeadline == nil, let slot = slots[start.slot], case .starting = slot.state else { return }
        do throws(PostgresError) {
            let connection = Connection(
                try start.result.get(), token: nextToken, maxStatements: configuration.maxPreparedStatements)
            nextToken += 1
            let deadline = ContinuousClock.now + configuration.connectTimeout
            schedule(at: deadline)
            slotByToken[connection.token] = slot
            slot.state = .connecting(connection, deadline: deadline)
            // "If PQconnectPoll was not called yet, behave as if it last answered PGRES_POLLING_WRITING."
            try watch(connection, readable: false, writable: true)
        } catch {
            lose(slot, error)
        }
    }

    private func watch(_ connection: Connection, readable: Bool, writable: Bool) throws(PostgresError) {
        let socket = connection.pq.socket
        try poller.add(socket, token: connection.token, readable: readable, writable: writable)
        connection.watchedSocket = socket
    }

    private func unwatch(_ connection: Connection) {
        if let socket = connection.watchedSocket { poller.remove(socket) }
        connection.watchedSocket = nil
    }

    private func goOnConnecting(_ slot: Slot, _ connection: Connection, deadline: ContinuousClock.Instant) {
        do throws(PostgresError) {
            // libpq may close this socket and open another one for the next address.
            unwatch(connection)
            switch try connection.pq.connectPoll() {
            case .reading: try watch(connection, readable: true, writable: false)
            case .writing: try watch(connection, readable: false, writable: true)
            case .done:
                try connection.pq.enterPipelineMode()
                try watch(connection, readable: true, writable: false)
                slot.state = .settingUp(connection, deadline: deadline)
                try connection.sendSetup(setupQueries(for: slot.role))
            }
        } catch {
            lose(slot, error)
        }
    }

    /// Sets the session up in one segment. The connection counts as up once it is answered.
    private func setupQueries(for role: Slot.Role) -> [PostgresQuery] {
        var settings = [
            "statement_timeout": configuration.queryTimeout.postgresMilliseconds,
            "idle_in_transaction_session_timeout": configuration.idleTransactionTimeout.postgresMilliseconds,
            // A statement whose client has disconnected ends within a second instead of at its timeout.
            "client_connection_check_interval": "1000",
        ]
        settings["lock_timeout"] = configuration.lockTimeout?.postgresMilliseconds
        settings.merge(configuration.sessionParameters) { _, chosen in chosen }
        let names = settings.keys.sorted()
        let values = names.map { settings[$0] }
        var queries: [PostgresQuery] = [
            """
            SELECT set_config(name, value, false) FROM unnest(\(names), \(values)) AS setting(name, value)
            """
        ]
        if case .listener(let subscription) = role {
            for channel in subscription.channels {
                let quoted = channel.replacing("\"", with: "\"\"")
                queries.append(PostgresQuery(unescaped: "LISTEN \"\(quoted)\""))
            }
        }
        return queries
    }

    private func becameReady(_ slot: Slot, _ connection: Connection) {
        if slot.failures > 0 { logger.info("PostgreSQL connection is back", metadata: ["slot": "\(slot.id)"]) }
        slot.state = .ready(connection)
        slot.failures = 0
        slot.downSince = nil
        switch slot.role {
        case .shared:
            sharedDownSince = nil
            status.connectionOpened()
            for waiter in connectionWaiters { waiter.completion(.success(())) }
            connectionWaiters = []
        case .exclusive:
            giveBack(slot)
        case .listener(let subscription):
            subscription.yield(.connected)
        }
    }

    // MARK: Traffic

    func socketReady(_ slot: Slot) {
        switch slot.state {
        case .waiting, .starting: break
        case .connecting(let connection, let deadline): goOnConnecting(slot, connection, deadline: deadline)
        case .settingUp(let connection, _), .ready(let connection):
            do throws(PostgresError) {
                if connection.isBlocked { try connection.flush() }
                try connection.receive { answer in handle(answer, slot, connection) }
                deliverNotifications(slot, connection)
            } catch {
                lose(slot, error)
            }
        }
    }

    private func handle(_ answer: Connection.Answer, _ slot: Slot, _ connection: Connection) {
        switch answer.work {
        case .request(let request, _): finish(request, answer, slot)
        case .setup:
            switch answer.result {
            case .success: becameReady(slot, connection)
            case .failure(let failure): lose(slot, failure.error)
            }
        case .prepare, .deallocate: break
        }
    }

    private func deliverNotifications(_ slot: Slot, _ connection: Connection) {
        while let notification = connection.pq.nextNotification() {
            guard case .listener(let subscription) = slot.role else { continue }
            subscription.yield(.notification(channel: notification.channel, payload: notification.payload))
        }
    }

    /// Tells the poller which sockets have bytes waiting to go out.
    func watchSockets() {
        for slot in slots.values {
            guard let connection = slot.ready, let socket = connection.watchedSocket,
                connection.isBlocked != connection.isWatchedForWriting
            else { continue }
            do throws(PostgresError) {
                try poller.modify(socket, token: connection.token, writable: connection.isBlocked)
                connection.isWatchedForWriting = connection.isBlocked
            } catch {
                lose(slot, error)
            }
        }
    }

    // MARK: Loss

    /// Ends a connection or an attempt, fails its requests, and schedules the next attempt.
    func lose(_ slot: Slot, _ error: PostgresError) {
        let wasReady = slot.ready != nil
        if let connection = slot.connection {
            unwatch(connection)
            slotByToken[connection.token] = nil
            connection.failAll(
                PostgresError(
                    .connectionLost, error.detail, maybeExecuted: true, sqlState: error.sqlState))
        }
        slot.lease?.phase = .lost
        slot.lease?.slot = nil
        slot.lease = nil

        let now = ContinuousClock.now
        let retry = now + Backoff.delay(afterFailures: slot.failures, jitter: .random(in: 0...1))
        slot.state = .waiting(until: retry)
        schedule(at: retry)
        slot.failures += 1
        lastConnectError = error
        // Logged once per outage and connection.
        let level: Logger.Level = slot.failures == 1 ? .warning : .debug
        logger.log(
            level: level, "PostgreSQL connection failed",
            metadata: [
                "slot": "\(slot.id)", "error": "\(error)",
            ])
        guard wasReady else { return }
        slot.downSince = now
        switch slot.role {
        case .shared:
            status.connectionLost()
            if shared.allSatisfy({ $0.ready == nil }) { sharedDownSince = now }
        case .exclusive:
            idleExclusive.removeAll { $0 === slot }
        case .listener: break
        }
        schedule(at: now + configuration.unavailableAfter)
    }

    // MARK: Listening

    func listen(_ subscription: Subscription) {
        guard closingDeadline == nil else { return subscription.finish() }
        _ = addSlot(.listener(subscription), now: .now)
    }

    func unlisten(_ id: ObjectIdentifier) {
        for slot in slots.values {
            guard case .listener(let subscription) = slot.role, ObjectIdentifier(subscription) == id else { continue }
            if let connection = slot.connection {
                unwatch(connection)
                slotByToken[connection.token] = nil
            }
            slots[slot.id] = nil
        }
    }

    // MARK: Waiting for the first connection

    func awaitConnection(_ waiter: ConnectionWaiter) {
        if closingDeadline != nil { return waiter.completion(.failure(.closed)) }
        if sharedDownSince == nil { return waiter.completion(.success(())) }
        connectionWaiters.append(waiter)
        schedule(at: waiter.deadline)
    }

    func sweepConnectionWaiters(now: ContinuousClock.Instant) {
        connectionWaiters.removeAll { waiter in
            guard waiter.deadline <= now else {
                schedule(at: waiter.deadline)
                return false
            }
            waiter.completion(
                .failure(
                    PostgresError(
                        .unavailable, lastConnectError?.detail ?? "the database does not answer",
                        sqlState: lastConnectError?.sqlState)))
            return true
        }
    }

    func failConnectionWaiters(_ error: PostgresError) {
        for waiter in connectionWaiters { waiter.completion(.failure(error)) }
        connectionWaiters = []
    }
}

extension Duration {
    /// Whole milliseconds, rounded down and clamped.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return min(seconds, .max / 2000) * 1000 + attoseconds / 1_000_000_000_000_000
    }

    /// For a setting in milliseconds. At least 1, because 0 would mean "no limit".
    var postgresMilliseconds: String { String(Int32(clamping: max(1, milliseconds))) }
}
