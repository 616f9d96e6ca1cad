/// Where the database is (PostgreSQL 14 or newer), and the bounds that a client keeps.
public struct PostgresConfiguration: Sendable {
    /// A libpq connection string or URL (PostgreSQL documentation, 34.1.1 "Connection Strings").
    public var connectionString: String
    /// Pipelined connections that all callers share.
    public var connections = 4
    /// Connections that a transaction has for itself while it lasts.
    public var transactionConnections = 4
    /// The bound on one attempt to connect, from the first packet to the session's settings, and on `start()`.
    public var connectTimeout: Duration = .seconds(5)
    /// The bound on a query, from the call to the answer, unless the call says otherwise. The server is told the same
    /// bound per statement (`statement_timeout`), so what is given up here ends there as well.
    public var queryTimeout: Duration = .seconds(10)
    /// How long a transaction waits for a free connection.
    public var acquireTimeout: Duration = .seconds(3)
    /// How long a query waits for a connection while none is up, before it fails as `.unavailable`.
    public var unavailableAfter: Duration = .seconds(1)
    /// How long an open transaction may sit without a statement before the server ends it
    /// (`idle_in_transaction_session_timeout`).
    public var idleTransactionTimeout: Duration = .seconds(30)
    /// How long a statement waits for each lock before it fails with `SQLState.lockNotAvailable` (`lock_timeout`); nil:
    /// as long as the statement may take. What waits on a shared connection holds up what was sent behind it.
    public var lockTimeout: Duration?
    /// How long `close()` waits for queries that are under way.
    public var closeTimeout: Duration = .seconds(5)
    /// Queries that wait or are under way; one more fails at once as `.queueFull`. Transactions that wait for a
    /// connection have a bound of the same size.
    public var maxQueuedQueries = 10_000
    /// Queries sent on one connection before the first of them is answered.
    public var maxPipelinedQueries = 64
    /// Prepared statements kept per connection; the least recently used one is dropped.
    public var maxPreparedStatements = 256
    /// Shown in `pg_stat_activity`.
    public var applicationName: String
    /// Settings of every session, for instance `["parley.server": "on"]`.
    public var sessionParameters: [String: String] = [:]

    public init(connectionString: String, applicationName: String = "parley") {
        self.connectionString = connectionString
        self.applicationName = applicationName
    }
}
