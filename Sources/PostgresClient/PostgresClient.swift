import Foundation
public import Logging

/// A PostgreSQL client over libpq, for many concurrent tasks.
///
/// Queries share a few pipelined connections that one thread drives; interactive transactions have connections of their
/// own. Nothing blocks the caller's thread. Broken connections are reopened automatically.
public final class PostgresClient: Sendable {
    private let configuration: PostgresConfiguration
    private let mailbox: Mailbox
    private let status: ClientStatus
    private let thread: IOThread

    /// Connects in the background. Throws if the connection string is invalid, or the process has no descriptors left.
    public init(configuration: PostgresConfiguration, logger: Logger) throws(PostgresError) {
        var configuration = configuration
        configuration.connections = max(1, configuration.connections)
        self.configuration = configuration
        let parameters = try PQParameters(
            connectionString: configuration.connectionString, applicationName: configuration.applicationName,
            connectTimeout: configuration.connectTimeout)
        mailbox = Mailbox(poller: try Poller())
        status = ClientStatus()
        thread = IOThread()
        thread.start { [configuration, mailbox, status] in
            IOLoop(
                configuration: configuration, parameters: parameters, mailbox: mailbox, status: status, logger: logger
            ).run()
        }
    }

    deinit { _ = mailbox.post(.close) }

    /// Waits for the first connection, at most for `connectTimeout`. Throws the reason if there is none. The client
    /// keeps trying until it is closed.
    public func start() async throws(PostgresError) {
        let deadline = ContinuousClock.now + configuration.connectTimeout
        let result = await withCheckedContinuation { continuation in
            let waiter = ConnectionWaiter(deadline: deadline) { continuation.resume(returning: $0) }
            if !mailbox.post(.awaitConnection(waiter)) { waiter.completion(.failure(.closed)) }
        }
        try result.get()
    }

    /// Refuses new queries, fails waiting ones, gives running ones `closeTimeout` to end, and closes every connection.
    /// Open transactions are rolled back.
    public func close() async {
        _ = mailbox.post(.close)
        await thread.join()
    }

    /// Whether any shared connection is up.
    public var isAvailable: Bool { status.openConnections > 0 }

    /// The number of shared connections that are up, and of queries that wait or run.
    public var statistics: (connections: Int, queries: Int) {
        (status.openConnections, status.outstandingQueries)
    }

    /// Whether a server accepts connections there. Asks once, on a separate thread, and waits at most two seconds.
    /// False for an invalid connection string.
    public static func answers(_ connectionString: String) async -> Bool {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let parameters = try? PQParameters(
                    connectionString: connectionString, applicationName: "parley-ping", connectTimeout: .seconds(2))
                continuation.resume(returning: parameters.map(PQConnection.ping) ?? false)
            }
        }
    }

    // MARK: Queries

    /// How the server plans a statement (PostgreSQL documentation, 20.7.4, `plan_cache_mode`).
    public enum Plan: Sendable {
        /// As the session's parameters say.
        case configured
        /// A new plan for each set of parameter values.
        case forValues
    }

    /// Runs one statement on any shared connection, in a transaction of its own.
    ///
    /// Statements behind a slow one on the same connection wait for it, as in every pipeline. Run long statements in
    /// `withTransaction`.
    ///
    /// - Parameters:
    ///   - timeout: The time from now to the answer; `queryTimeout` if nil. The server gets the same limit.
    ///   - plan: Set it if the best plan depends on the parameter values.
    @discardableResult
    public func query(
        _ query: PostgresQuery, timeout: Duration? = nil, plan: Plan = .configured
    ) async throws(PostgresError) -> PostgresResult {
        let results = try await perform(makeRequest([query], target: .shared(lane: nil), timeout: timeout, plan: plan))
        guard let result = results.first else { throw PostgresError(.decoding, "the answer has no result") }
        return result
    }

    /// Runs statements as one pipeline segment, in one round trip. Either all take effect or none. Each statement sees
    /// what was committed when it begins (READ COMMITTED), and the changes of the statements before it.
    ///
    /// - Parameters:
    ///   - lane: Segments of the same lane use the same connection, in the order of submission.
    ///   - timeout: As for `query`, for all statements together.
    @discardableResult
    public func atomically(
        _ queries: [PostgresQuery], on lane: Int? = nil, timeout: Duration? = nil
    ) async throws(PostgresError) -> [PostgresResult] {
        let request = makeRequest(queries, target: .shared(lane: lane), timeout: timeout)
        return try await perform(request)
    }

    /// Like `atomically`, and waits for the answer also in a cancelled task.
    @discardableResult
    public func uncancellably(_ queries: [PostgresQuery], on lane: Int? = nil) async throws(PostgresError)
        -> [PostgresResult]
    {
        try await performUncancellably(makeRequest(queries, target: .shared(lane: lane), timeout: nil)).get()
    }

    /// Like `atomically`, for hot paths without a task. `completion` runs once on the I/O thread, or at once on the
    /// caller's thread if the client refuses the queries. It must not block.
    public func submit(
        _ queries: [PostgresQuery], on lane: Int? = nil, timeout: Duration? = nil,
        completion: @escaping @Sendable (Result<[PostgresResult], PostgresError>) -> Void
    ) {
        submit(makeRequest(queries, target: .shared(lane: lane), timeout: timeout), completion: completion)
    }

    private func makeRequest(
        _ queries: [PostgresQuery], target: Request.Target, timeout: Duration?, plan: Plan = .configured
    ) -> Request {
        let timeout = timeout ?? configuration.queryTimeout
        var hidden: [PostgresQuery] = []
        if timeout != configuration.queryTimeout { hidden.append(Self.statementTimeout(timeout)) }
        if plan == .forValues { hidden.append("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)") }
        return Request(
            hidden + queries, target: target, timeout: timeout, deadline: .now + timeout, hiddenQueries: hidden.count)
    }

    /// The server ends a statement when its time is up. A cancel request would name a connection instead of a query,
    /// and could hit another query in the pipeline.
    private static func statementTimeout(_ timeout: Duration) -> PostgresQuery {
        "SELECT set_config('statement_timeout', \(timeout.postgresMilliseconds), true)"
    }

    private func submit(_ request: Request, completion: @escaping Request.Completion) {
        do throws(PostgresError) {
            for query in request.queries { try query.checkSendable() }
            try status.reserve(max: configuration.maxQueuedQueries)
        } catch {
            return completion(.failure(error))
        }
        request.completion = { [status] result in
            status.release()
            completion(result)
        }
        if !mailbox.post(.submit(request)) {
            status.release()
            completion(.failure(.closed))
        }
    }

    private func perform(
        _ request: Request, isolation: isolated (any Actor)? = #isolation
    ) async throws(PostgresError) -> [PostgresResult] {
        let result = await withTaskCancellationHandler {
            await performUncancellably(request)
        } onCancel: {
            _ = mailbox.post(.abandon(request))
        }
        return try result.get()
    }

    private func performUncancellably(
        _ request: Request, isolation: isolated (any Actor)? = #isolation
    ) async -> Result<[PostgresResult], PostgresError> {
        await withCheckedContinuation { continuation in
            submit(request) { continuation.resume(returning: $0) }
        }
    }

    // MARK: Transactions

    /// Like `atomically`, on an exclusive connection. Use it for statements that may wait for a lock, so they do not
    /// delay others. It takes one round trip once a connection is free.
    ///
    /// - Throws: As `withTransaction`.
    @discardableResult
    public func exclusively(_ queries: [PostgresQuery]) async throws(PostgresError) -> [PostgresResult] {
        for query in queries { try query.checkSendable() }
        let lease = try await acquire()
        do throws(PostgresError) {
            let results = try await perform(queries, on: lease, timeout: configuration.queryTimeout)
            await release(lease, .over)
            return results
        } catch {
            // The server has rolled back, or has not answered. In that case the connection is not idle and is closed.
            await release(lease, .over)
            throw error
        }
    }

    /// Runs `body` between BEGIN and COMMIT on an exclusive connection. It rolls back if `body` throws, if the task is
    /// canceled, or if a statement failed and `body` ignored that. Runs `body` once.
    ///
    /// - Parameter statementTimeout: The time limit of each statement; `queryTimeout` if nil.
    /// - Throws: What `body` throws, or a `PostgresError`: `.poolExhausted` if no connection became free in time. If
    ///   COMMIT fails with `maybeExecuted`, the transaction may have taken effect.
    public func withTransaction<T: Sendable>(
        statementTimeout: Duration? = nil, isolation: isolated (any Actor)? = #isolation,
        _ body: (PostgresTransaction) async throws -> T
    ) async throws -> T {
        let timeout = statementTimeout ?? configuration.queryTimeout
        let lease = try await acquire()
        do {
            var opening: [PostgresQuery] = ["BEGIN"]
            if statementTimeout != nil { opening.append(Self.statementTimeout(timeout)) }
            _ = try await perform(opening, on: lease, timeout: timeout)
            let value = try await body(PostgresTransaction(client: self, lease: lease, timeout: timeout))
            if Task.isCancelled { throw PostgresError.cancelled }
            try await commit(lease, timeout: timeout)
            await release(lease, .over)
            return value
        } catch {
            await release(lease, .rollback)
            throw error
        }
    }

    func perform(
        _ queries: [PostgresQuery], on lease: Lease, timeout: Duration,
        isolation: isolated (any Actor)? = #isolation
    ) async throws(PostgresError) -> [PostgresResult] {
        try await perform(
            Request(queries, target: .lease(lease), timeout: timeout, deadline: .now + timeout))
    }

    /// Once sent, the answer is awaited even if canceled, because only the answer tells whether the transaction took
    /// effect.
    private func commit(
        _ lease: Lease, timeout: Duration, isolation: isolated (any Actor)? = #isolation
    ) async throws(PostgresError) {
        let request = Request(["COMMIT"], target: .lease(lease), timeout: timeout, deadline: .now + timeout)
        let results = try await performUncancellably(request).get()
        // The server answers COMMIT of a failed transaction with ROLLBACK, without an error.
        guard results.first?.commandTag == "COMMIT" else {
            throw PostgresError(
                .server, "the transaction was rolled back, because a statement in it had failed",
                sqlState: .inFailedTransaction)
        }
    }

    private func acquire(isolation: isolated (any Actor)? = #isolation) async throws(PostgresError) -> Lease {
        let lease = Lease(deadline: .now + configuration.acquireTimeout)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                lease.completion = { continuation.resume(returning: $0) }
                if !mailbox.post(.acquire(lease)) { lease.settle(.failure(.closed)) }
            }
        } onCancel: {
            _ = mailbox.post(.abandonLease(lease))
        }
        try result.get()
        return lease
    }

    private func release(
        _ lease: Lease, _ ending: LeaseEnding, isolation: isolated (any Actor)? = #isolation
    ) async {
        await withCheckedContinuation { continuation in
            if !mailbox.post(.release(lease, ending, completion: { continuation.resume() })) { continuation.resume() }
        }
    }

    // MARK: Notifications

    /// Opens a connection that only listens. Names are used unchanged and are case-sensitive.
    public func listen(_ channels: [String]) -> PostgresNotifications {
        PostgresNotifications(listening: Listening(subscription: Subscription(channels: channels), mailbox: mailbox))
    }
}

/// A transaction in progress. It is invalid once `withTransaction`'s body has returned.
public struct PostgresTransaction: Sendable {
    fileprivate let client: PostgresClient
    fileprivate let lease: Lease
    fileprivate let timeout: Duration

    /// Runs one statement in the transaction. After an error the server refuses every further statement (25P02),
    /// unless the error is caught around a SAVEPOINT.
    @discardableResult
    public func query(_ query: PostgresQuery) async throws(PostgresError) -> PostgresResult {
        let results = try await client.perform([query], on: lease, timeout: timeout)
        guard let result = results.first else { throw PostgresError(.decoding, "the answer has no result") }
        return result
    }

    /// Runs several statements in one round trip. The first error skips the rest.
    @discardableResult
    public func queries(_ queries: [PostgresQuery]) async throws(PostgresError) -> [PostgresResult] {
        try await client.perform(queries, on: lease, timeout: timeout)
    }
}
