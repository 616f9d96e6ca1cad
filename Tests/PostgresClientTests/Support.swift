import Logging
import PostgresClient
import TestPostgres
import Testing

/// Runs `body` with a client on a new, empty database of the shared cluster.
func withClient<T>(
    connectionString: String? = nil, configure: (inout PostgresConfiguration) -> Void = { _ in },
    body: (PostgresClient) async throws -> T
) async throws -> T {
    let connectionString = try connectionString ?? TestCluster.shared.get().makeDatabase()
    var configuration = PostgresConfiguration(connectionString: connectionString, applicationName: "parley-tests")
    configuration.transactionConnections = 2
    // A test says which of these limits it is about. The others are no bound on the machine's speed.
    configuration.connectTimeout = .seconds(60)
    configuration.queryTimeout = .seconds(60)
    configuration.acquireTimeout = .seconds(60)
    configuration.unavailableAfter = .seconds(60)
    configuration.closeTimeout = .seconds(60)
    configure(&configuration)
    let client = try PostgresClient(configuration: configuration, logger: .silent)
    do {
        try await client.start()
        // With all connections up, a test can tell which queries queue behind which.
        let connections = configuration.connections
        try await eventually("not all connections came up") { client.statistics.connections == connections }
        let value = try await body(client)
        await client.close()
        return value
    } catch {
        await client.close()
        throw error
    }
}

extension Logger {
    static let silent = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
}

/// Asks again and again until the answer is yes; fails the test after four minutes, when it counts as hung.
func eventually(
    _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(240)
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record(what, sourceLocation: sourceLocation)
}

/// The error that `body` throws, if it is a `PostgresError`; anything else fails the test.
func postgresError(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async -> PostgresError? {
    do {
        try await body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch let error as PostgresError {
        return error
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
    return nil
}

func isRunning(_ marker: String, on client: PostgresClient) async throws -> Bool {
    let rows = try await client.query(
        """
        SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() \
        AND datname = current_database() AND position(\(marker) in query) > 0
        """)
    return !rows.isEmpty
}
