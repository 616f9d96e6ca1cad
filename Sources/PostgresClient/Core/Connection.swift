/// One connection in pipeline mode. It tracks sent segments, prepared statements and the order of answers. Lives on the
/// I/O thread.
final class Connection {
    enum Work {
        /// The session's settings, before anything else.
        case setup([PreparedStatement])
        case prepare(PreparedStatement)
        case deallocate(String)
        case request(Request, [PreparedStatement])
    }

    /// A segment's answer. `isStale` means that a prepared statement was stale.
    struct Answer {
        let work: Work
        let result: Result<[PQResult], Pipeline<Work, PQResult>.Failure>
        let isStale: Bool
    }

    let pq: PQConnection
    /// The poller's token for this connection. It is never reused.
    let token: UInt64
    private var pipeline = Pipeline<Work, PQResult>()
    private var statements: StatementCache
    private var headIsStale = false
    /// When the server last showed progress.
    private(set) var lastProgress: ContinuousClock.Instant
    /// Bytes wait for the socket to become writable.
    private(set) var isBlocked = false
    /// The socket that the poller watches.
    var watchedSocket: Int32?
    /// The value of `isBlocked` that the poller knows.
    var isWatchedForWriting = false
    /// The number of lane segments in progress. Other queries avoid waiting behind their commits.
    private(set) var lanesInFlight = 0

    init(_ pq: PQConnection, token: UInt64, maxStatements: Int) {
        self.pq = pq
        self.token = token
        statements = StatementCache(capacity: maxStatements)
        lastProgress = .now
    }

    var inFlight: Int { pipeline.count }
    var isIdle: Bool { pipeline.isEmpty }

    /// When this connection counts as dead if the server stays silent: shortly after the time limit of the first
    /// segment, at which the server should have ended it.
    func stuckDeadline(defaultTimeout: Duration, grace: Duration) -> ContinuousClock.Instant? {
        guard let head = pipeline.head else { return nil }
        if case .request(let request, _) = head { return lastProgress + request.timeout + grace }
        return lastProgress + defaultTimeout + grace
    }

    // MARK: Sending

    func send(_ request: Request) throws(PostgresError) {
        request.phase = .inFlight
        if case .shared(.some) = request.target { lanesInFlight += 1 }
        do throws(PostgresError) {
            try send(request.queries) { .request(request, $0) }
        } catch {
            request.settle(.failure(PostgresError(.connectionLost, error.detail, maybeExecuted: true)))
            throw error
        }
    }

    func sendSetup(_ queries: [PostgresQuery]) throws(PostgresError) {
        try send(queries) { .setup($0) }
    }

    private func send(_ queries: [PostgresQuery], as work: ([PreparedStatement]) -> Work) throws(PostgresError) {
        if pipeline.isEmpty { lastProgress = .now }
        var prepared: [PreparedStatement] = []
        prepared.reserveCapacity(queries.count)
        for query in queries { prepared.append(try prepare(query)) }
        pipeline.sent(work(prepared), statements: queries.count)
        for (query, statement) in zip(queries, prepared) {
            try pq.sendQueryPrepared(name: statement.name, query)
        }
        try sync()
    }

    /// Prepares a new text in a segment of its own. Its success then depends on nothing else, and later queries can use
    /// the name at once.
    private func prepare(_ query: PostgresQuery) throws(PostgresError) -> PreparedStatement {
        let (statement, isNew) = statements.use(.init(sql: query.sql, types: query.types))
        guard isNew else { return statement }
        for name in statements.takeDiscarded() {
            pipeline.sent(.deallocate(name), statements: 1)
            try pq.sendQuery("DEALLOCATE \(name)")
            try sync()
        }
        pipeline.sent(.prepare(statement), statements: 1)
        try pq.sendPrepare(name: statement.name, sql: query.sql, types: query.types)
        try sync()
        return statement
    }

    private func sync() throws(PostgresError) {
        try pq.pipelineSync()
        try flush()
    }

    func flush() throws(PostgresError) { isBlocked = try !pq.flush() }

    // MARK: Receiving

    /// Reads what has arrived and delivers each complete segment.
    func receive(_ handle: (Answer) -> Void) throws(PostgresError) {
        try pq.consumeInput()
        var gaps = 0
        // nil separates statements. Two in a row mean that libpq has no more results.
        while !pipeline.isEmpty, !pq.isBusy, gaps < 2 {
            guard let result = pq.nextResult() else {
                gaps += 1
                continue
            }
            gaps = 0
            lastProgress = .now
            if let answer = try advance(result) { handle(answer) }
        }
    }

    private func advance(_ result: PQResult) throws(PostgresError) -> Answer? {
        let event: Pipeline<Work, PQResult>.Event
        switch result.status {
        case .tuples, .command: event = .output(result)
        case .aborted: event = .aborted
        case .synchronized: event = .synchronized
        case .unexpected: throw PostgresError(.misuse, "COPY is not supported", maybeExecuted: true)
        case .failed:
            let error = result.error
            if error.code == .connectionLost { throw error }
            headIsStale = result.isStaleStatement
            event = .failed(error)
        }
        switch pipeline.receive(event) {
        case .wait: return nil
        case .desynchronized:
            throw PostgresError(.connectionLost, "answers do not match what was sent", maybeExecuted: true)
        case .finish(let work, let result):
            defer { headIsStale = false }
            return finish(Answer(work: work, result: result, isStale: headIsStale))
        }
    }

    /// Keeps the statement cache correct. Everything except requests and the setup ends here.
    private func finish(_ answer: Answer) -> Answer? {
        switch answer.work {
        case .prepare(let statement):
            if case .failure(let failure) = answer.result {
                statement.failure = failure.error
                statements.remove(statement)
            }
            return nil
        case .deallocate(let name):
            // A failed transaction cannot deallocate. That is done later.
            if case .failure(let failure) = answer.result, failure.error.sqlState == .inFailedTransaction {
                statements.discard(name)
            }
            return nil
        case .request(let request, let prepared):
            if case .shared(.some) = request.target { lanesInFlight -= 1 }
            return explain(answer, prepared)
        case .setup(let prepared):
            return explain(answer, prepared)
        }
    }

    /// Forgets a statement that the server does not know. If preparing it failed, that error is the answer.
    private func explain(_ answer: Answer, _ prepared: [PreparedStatement]) -> Answer {
        guard answer.isStale, case .failure(let failure) = answer.result,
            prepared.indices.contains(failure.statement)
        else { return answer }
        let statement = prepared[failure.statement]
        statements.remove(statement)
        guard let reason = statement.failure else { return answer }
        return Answer(
            work: answer.work, result: .failure(.init(error: reason, statement: failure.statement)), isStale: false)
    }

    // MARK: Deadlines and the end

    /// Fails overdue requests (their late answers are dropped), and returns the earliest deadline of the rest.
    func sweep(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        var earliest: ContinuousClock.Instant?
        for case .request(let request, _) in pipeline.work where request.phase == .inFlight {
            if request.deadline <= now {
                let error = PostgresError(.timedOut, "the query outlasted its timeout", maybeExecuted: true)
                request.settle(.failure(error))
            } else {
                earliest = min(earliest ?? request.deadline, request.deadline)
            }
        }
        return earliest
    }

    /// Fails everything in progress after the connection was lost.
    func failAll(_ error: PostgresError) {
        for case .request(let request, _) in pipeline.removeAll() { request.settle(.failure(error)) }
    }
}
