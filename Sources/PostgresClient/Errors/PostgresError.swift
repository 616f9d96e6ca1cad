/// What went wrong with a query, a transaction or a connection.
public struct PostgresError: Error, Sendable {
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Value: String {
            case server, unavailable, timedOut, cancelled, connectionLost, queueFull, poolExhausted, closed, decoding
            case misuse
        }
        private let value: Value
        private init(_ value: Value) { self.value = value }

        public var description: String { value.rawValue }

        /// The server refused the statement: see `sqlState`.
        public static let server = Code(.server)
        /// No connection to the server is up, and none came up in time.
        public static let unavailable = Code(.unavailable)
        /// The query exceeded its timeout.
        public static let timedOut = Code(.timedOut)
        /// The task that awaited the query was canceled.
        public static let cancelled = Code(.cancelled)
        /// The connection broke under the query.
        public static let connectionLost = Code(.connectionLost)
        /// `maxQueuedQueries` queries already wait.
        public static let queueFull = Code(.queueFull)
        /// No transaction connection became free within `acquireTimeout`.
        public static let poolExhausted = Code(.poolExhausted)
        /// The client is closed.
        public static let closed = Code(.closed)
        /// A value or column does not match the caller's request.
        public static let decoding = Code(.decoding)
        /// The caller made a mistake, such as a value that cannot be sent or a transaction that has ended.
        public static let misuse = Code(.misuse)
    }

    public let code: Code
    /// One sentence for the log. It can name tables and constraints, so never show it to users.
    public let detail: String
    /// Whether the server may have executed the statement. True once it was sent and its answer was not seen. Never
    /// true for `code == .server`, which proves that nothing was done.
    public let maybeExecuted: Bool
    /// Set whenever the server itself reported the error.
    public let sqlState: SQLState?
    /// The violated constraint's name.
    public let constraint: String?
    public let table: String?
    public let column: String?

    init(
        _ code: Code, _ detail: String, maybeExecuted: Bool = false, sqlState: SQLState? = nil,
        constraint: String? = nil, table: String? = nil, column: String? = nil
    ) {
        self.code = code
        self.detail = detail
        self.maybeExecuted = maybeExecuted
        self.sqlState = sqlState
        self.constraint = constraint
        self.table = table
        self.column = column
    }

    /// Whether this is the violation of the named constraint.
    public func violates(_ name: String) -> Bool { code == .server && constraint == name }
}

extension PostgresError: CustomStringConvertible {
    public var description: String {
        var text = "\(code): \(detail)"
        if let sqlState { text += " [\(sqlState)]" }
        if let constraint { text += " (constraint \(constraint))" }
        return text
    }
}

extension PostgresError {
    static let cancelled = PostgresError(.cancelled, "the waiting task was cancelled")
    static let closed = PostgresError(.closed, "the client is closed")
    static let unavailable = PostgresError(.unavailable, "no connection to the database is up")
    static let queueFull = PostgresError(.queueFull, "too many queries are waiting for the database")
    static let transactionEnded = PostgresError(.misuse, "the transaction has ended")
}
