/// The database's address (PostgreSQL 14 or newer), and the client's limits.
public struct PostgresConfiguration: Sendable {
    /// A libpq connection string or URL (PostgreSQL documentation, 34.1.1 "Connection Strings").
    public var connectionString: String
    /// Pipelined connections that all callers share.
    public var connections = 4
    /// Connections for transactions, one transaction each.
    public var transactionConnections = 4
    /// The time limit of one attempt to connect, from the first packet to the session's settings, and of `start()`.
    public var connectTimeout: Duration = .seconds(5)
    /// The default time limit of a query, from the call to the answer. The server gets the same limit per statement
    /// (`statement_timeout`), so an abandoned query ends there too.
    public var queryTimeout: Duration = .seconds(10)
    /// How long a transaction waits for a free connection.
    public var acquireTimeout: Duration = .seconds(3)
    /// How long a query waits for a connection while none is up, before it fails as `.unavailable`.
    public var unavailableAfter: Duration = .seconds(1)
    /// How long an open transaction may sit without a statement before the server ends it
    /// (`idle_in_transaction_session_timeout`).
    public var idleTransactionTimeout: Duration = .seconds(30)
    /// How long a statement waits for each lock before it fails with `SQLState.lockNotAvailable` (`lock_timeout`); nil:
    /// as long as the statement may take. A waiting statement on a shared connection delays those behind it.
    public var lockTimeout: Duration?
    /// How long `close()` waits for running queries.
    public var closeTimeout: Duration = .seconds(5)
    /// The limit of queries that wait or run. One more fails at once with `.queueFull`. The same limit applies to
    /// transactions that wait for a connection.
    public var maxQueuedQueries = 10_000
    /// The limit of unanswered queries on one connection.
    public var maxPipelinedQueries = 64
    /// The limit of prepared statements per connection. The least recently used one is dropped.
    public var maxPreparedStatements = 256
    /// Shown in `pg_stat_activity`.
    public var applicationName: String
    /// Settings of every session, for example `["parley.server": "on"]`.
    public var sessionParameters: [String: String] = [:]

    public init(connectionString: String, applicationName: String = "parley") {
        self.connectionString = connectionString
        self.applicationName = applicationName
    }
}
