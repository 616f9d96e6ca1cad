/// Statements that run as one pipeline segment, and the completion for their answer.
///
/// Sendable although it changes: `completion` is set before the request is handed to the mailbox, whose lock orders
/// it; everything marked as the I/O thread's is read and written there only.
final class Request: @unchecked Sendable {
    typealias Completion = @Sendable (Result<[PostgresResult], PostgresError>) -> Void

    enum Target {
        /// Any shared connection, or always the same one for the same lane.
        case shared(lane: Int?)
        case lease(Lease)
    }

    let queries: [PostgresQuery]
    let target: Target
    /// The server's time limit for each statement.
    let timeout: Duration
    let deadline: ContinuousClock.Instant
    /// The number of leading statements of the client itself. The caller does not see their results.
    let hiddenQueries: Int

    /// Runs on the I/O thread, once.
    var completion: Completion?

    enum Phase { case created, abandoned, waiting, inFlight, settled }
    /// The I/O thread's.
    var phase = Phase.created
    /// The I/O thread's: whether it ran before and met a stale prepared statement.
    var isRetry = false

    init(
        _ queries: [PostgresQuery], target: Target, timeout: Duration, deadline: ContinuousClock.Instant,
        hiddenQueries: Int = 0
    ) {
        self.queries = queries
        self.target = target
        self.timeout = timeout
        self.deadline = deadline
        self.hiddenQueries = hiddenQueries
    }

    /// Delivers the answer once. Later answers are dropped. On the I/O thread.
    func settle(_ result: Result<[PostgresResult], PostgresError>) {
        guard phase != .settled else { return }
        phase = .settled
        completion?(result)
        completion = nil
    }
}

/// A transaction's hold on a connection.
///
/// Sendable although it changes: after creation, everything is read and written on the I/O thread only, except
/// `completion`, which is set before the lease is handed to the mailbox.
final class Lease: @unchecked Sendable {
    enum Phase { case created, abandoned, waiting, active, lost, ended }

    let deadline: ContinuousClock.Instant
    /// Runs on the I/O thread, once: the connection is this lease's from now on, or why not.
    var completion: (@Sendable (Result<Void, PostgresError>) -> Void)?
    /// The I/O thread's.
    var phase = Phase.created
    /// The I/O thread's: the connection while `phase` is active.
    var slot: Slot?

    init(deadline: ContinuousClock.Instant) { self.deadline = deadline }

    func settle(_ result: Result<Void, PostgresError>) {
        completion?(result)
        completion = nil
    }
}
