/// A place for a connection, which is opened again when it breaks. Lives on the I/O thread.
final class Slot {
    enum Role {
        /// Shared, pipelined queries.
        case shared
        /// One transaction at a time.
        case exclusive
        /// Only listens.
        case listener(Subscription)
    }

    enum State {
        /// Will connect at this time.
        case waiting(until: ContinuousClock.Instant)
        /// A helper thread looks up the host and starts to connect.
        case starting
        case connecting(Connection, deadline: ContinuousClock.Instant)
        case settingUp(Connection, deadline: ContinuousClock.Instant)
        case ready(Connection)
    }

    let id: Int
    let role: Role
    var state: State
    /// Failed attempts since the connection was last ready.
    var failures = 0
    /// The time since which there is no connection, or nil while it is ready.
    var downSince: ContinuousClock.Instant?
    /// Requests of the lanes that belong to this slot.
    var queue = RequestQueue()
    /// The lease that holds this connection.
    var lease: Lease?

    init(id: Int, role: Role, now: ContinuousClock.Instant) {
        self.id = id
        self.role = role
        state = .waiting(until: now)
        downSince = now
    }

    var connection: Connection? {
        switch state {
        case .waiting, .starting: nil
        case .connecting(let connection, _), .settingUp(let connection, _), .ready(let connection): connection
        }
    }

    var ready: Connection? {
        if case .ready(let connection) = state { connection } else { nil }
    }

    func isDown(for duration: Duration, now: ContinuousClock.Instant) -> Bool {
        downSince.map { now - $0 >= duration } ?? false
    }
}

/// A helper thread's result after it has started to connect.
///
/// Sendable although a connection is not: the helper gives up its reference when it posts this, and the I/O thread is
/// the only reader.
struct ConnectionStart: @unchecked Sendable {
    let slot: Int
    let result: Result<PQConnection, PostgresError>
}

/// A caller that waits in `start()` for the first connection. Answered once, on the I/O thread.
struct ConnectionWaiter: Sendable {
    let deadline: ContinuousClock.Instant
    let completion: @Sendable (Result<Void, PostgresError>) -> Void
}
