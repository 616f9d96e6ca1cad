import CPostgres

/// Owns one `PGconn`, and wraps the C calls under libpq's names, without a policy. Not Sendable: only its holder may
/// use it.
///
/// Calls that fail throw `.connectionLost` with libpq's own message.
final class PQConnection {
    private let pointer: OpaquePointer

    private init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { PQfinish(pointer) }

    // MARK: Connecting

    enum Poll { case reading, writing, done }

    /// Begins to connect without waiting for the server. Host name lookups still block.
    static func start(_ parameters: PQParameters) throws(PostgresError) -> PQConnection {
        try make(parameters) { PQconnectStartParams($0, $1, 1) }
    }

    /// Connects and waits for it, at most for `connect_timeout`.
    static func connect(_ parameters: PQParameters) throws(PostgresError) -> PQConnection {
        try make(parameters) { PQconnectdbParams($0, $1, 1) }
    }

    /// Whether the server takes connections; needs no valid account.
    static func ping(_ parameters: PQParameters) -> Bool {
        parameters.withCStrings { keywords, values in PQpingParams(keywords, values, 1) == PQPING_OK }
    }

    private static func make(
        _ parameters: PQParameters,
        _ connect: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> OpaquePointer?
    ) throws(PostgresError) -> PQConnection {
        let pointer = parameters.withCStrings { keywords, values in connect(keywords, values) }
        guard let pointer else { throw PostgresError(.unavailable, "out of memory for a connection") }
        let connection = PQConnection(pointer)
        guard PQstatus(pointer) != CONNECTION_BAD else { throw connection.failure(.unavailable) }
        cpg_discard_notices(pointer)
        return connection
    }

    /// Continues to connect. Call it when the socket is ready for what the last call returned.
    func connectPoll() throws(PostgresError) -> Poll {
        switch PQconnectPoll(pointer) {
        case PGRES_POLLING_READING: return .reading
        case PGRES_POLLING_WRITING: return .writing
        case PGRES_POLLING_OK: return .done
        default: throw failure(.unavailable)
        }
    }

    /// The descriptor to watch. It can change while connecting.
    var socket: Int32 { PQsocket(pointer) }

    /// From now on no call waits for the server.
    func enterPipelineMode() throws(PostgresError) {
        guard PQsetnonblocking(pointer, 1) == 0, PQenterPipelineMode(pointer) == 1 else { throw failure() }
    }

    // MARK: Sending

    func sendPrepare(name: String, sql: String, types: [UInt32]) throws(PostgresError) {
        guard PQsendPrepare(pointer, name, sql, Int32(types.count), types) == 1 else { throw failure() }
    }

    /// Sends one statement without parameters and without preparing it.
    func sendQuery(_ sql: String) throws(PostgresError) {
        guard PQsendQueryParams(pointer, sql, 0, nil, nil, nil, nil, 1) == 1 else { throw failure() }
    }

    func sendQueryPrepared(name: String, _ query: PostgresQuery) throws(PostgresError) {
        let count = query.ranges.count
        let sent = query.bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
                withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * count) { numbers in
                    let lengths = numbers[..<count]
                    for (index, range) in query.ranges.enumerated() {
                        values.initializeElement(at: index, to: range.map { bytes.cString(at: $0.lowerBound) })
                        // checkSendable() bounds all bytes together by 1 GiB.
                        numbers.initializeElement(at: index, to: Int32(range?.count ?? 0))
                        numbers.initializeElement(at: count + index, to: 1)
                    }
                    let formats = numbers[count...]
                    return PQsendQueryPrepared(
                        pointer, name, Int32(count), values.baseAddress,
                        UnsafeBufferPointer(rebasing: lengths).baseAddress,
                        UnsafeBufferPointer(rebasing: formats).baseAddress, 1)
                }
            }
        }
        guard sent == 1 else { throw failure() }
    }

    /// Ends a segment; libpq also pushes what is buffered to the socket.
    func pipelineSync() throws(PostgresError) {
        guard PQpipelineSync(pointer) == 1 else { throw failure() }
    }

    /// Whether everything in the buffer was sent. If not, call again when the socket is writable.
    func flush() throws(PostgresError) -> Bool {
        switch PQflush(pointer) {
        case 0: return true
        case 1: return false
        default: throw failure()
        }
    }

    // MARK: Receiving

    func consumeInput() throws(PostgresError) {
        guard PQconsumeInput(pointer) == 1 else { throw failure() }
    }

    /// Whether `nextResult` would wait for the server.
    var isBusy: Bool { PQisBusy(pointer) == 1 }

    /// Nil between two statements, and when nothing is left.
    func nextResult() -> PQResult? { PQgetResult(pointer).map(PQResult.init) }

    func nextNotification() -> (channel: String, payload: String)? {
        guard let notification = PQnotifies(pointer) else { return nil }
        defer { PQfreemem(notification) }
        return (String(cString: notification.pointee.relname), String(cString: notification.pointee.extra))
    }

    // MARK: Blocking

    /// Runs SQL, possibly many statements, and waits for the end.
    func execute(_ sql: String) -> PQResult? { PQexec(pointer, sql).map(PQResult.init) }

    /// Runs one statement with text parameters and waits for the end.
    func execute(_ sql: String, _ parameters: [String]) -> PQResult? {
        CStrings.with(parameters) { values in
            PQexecParams(pointer, sql, Int32(parameters.count), nil, values, nil, nil, 1).map(PQResult.init)
        }
    }

    /// The server process's id for cancel requests, as the server or pooler gave it.
    var backendID: Int { Int(PQbackendPID(pointer)) }

    var isInTransaction: Bool { PQtransactionStatus(pointer) == PQTRANS_INTRANS }

    /// libpq's last message as an error.
    func failure(_ code: PostgresError.Code = .connectionLost) -> PostgresError {
        let message = String(cString: PQerrorMessage(pointer))
        let line = message.split(whereSeparator: \.isNewline).joined(separator: "; ")
        return PostgresError(code, line.isEmpty ? "the connection broke" : line)
    }
}

extension UnsafeRawBufferPointer {
    /// The address of a parameter. An empty one needs an address too, because a null pointer means NULL.
    fileprivate func cString(at offset: Int) -> UnsafePointer<CChar> {
        guard let baseAddress else { return CStrings.empty }
        return (baseAddress + offset).assumingMemoryBound(to: CChar.self)
    }
}
