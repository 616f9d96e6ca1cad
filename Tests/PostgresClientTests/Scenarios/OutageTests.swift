import PostgresClient
import Synchronization
import TestPostgres
import Testing

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}

/// Each test has a cluster of its own, because it breaks it.
@Suite(.serialized, .timeLimit(.minutes(5))) struct OutageTests {
    private func withCluster(_ body: (TestCluster, String) async throws -> Void) async throws {
        let cluster = try TestCluster.start()
        defer { cluster.stop() }
        try await body(cluster, try cluster.makeDatabase())
    }

    @Test func aTerminatedConnectionFailsWhatItRanAndComesBack() async throws {
        let connectionString = try TestCluster.shared.get().makeDatabase()
        try await withClient(connectionString: connectionString) {
            $0.connections = 1
        } body: { client in
            let pid: Int = try await client.query("SELECT pg_backend_pid()")[0][0]
            async let victim = postgresError { try await client.query("SELECT pg_sleep(600), 'victim'") }
            try await withClient(connectionString: connectionString) { observer in
                try await eventually("it never ran") { try await isRunning("victim", on: observer) }
                try await observer.query("SELECT pg_terminate_backend(\(Int32(pid)))")
            }
            let error = await victim
            #expect(error?.code == .connectionLost)
            #expect(error?.maybeExecuted == true)
            // Waits for the new connection instead of failing.
            let new: Int = try await client.query("SELECT pg_backend_pid()")[0][0]
            #expect(new != pid)
        }
    }

    @Test func aTransactionWhoseConnectionIsLostFails() async throws {
        try await withClient { client in
            try await client.query("CREATE TABLE t (n int8)")
            let error = await postgresError {
                try await client.withTransaction { transaction in
                    try await transaction.query("INSERT INTO t VALUES (1)")
                    let pid: Int = try await transaction.query("SELECT pg_backend_pid()")[0][0]
                    try await client.query("SELECT pg_terminate_backend(\(Int32(pid)), 5000)")
                    try await transaction.query("INSERT INTO t VALUES (2)")
                }
            }
            #expect(error?.code == .connectionLost)
            #expect(try await client.query("SELECT * FROM t").isEmpty)
        }
    }

    @Test func aCrashFailsFastAndHealsByItself() async throws {
        try await withCluster { cluster, connectionString in
            // No timeout helps: what fails does so because the outage is known.
            try await withClient(connectionString: connectionString) {
                $0.queryTimeout = .seconds(600)
                $0.unavailableAfter = .seconds(1)
            } body: { client in
                try await client.query("CREATE TABLE t (n int8)")
                async let victim = postgresError { try await client.query("SELECT pg_sleep(600)") }
                try await eventually("it never ran") { try await isRunning("pg_sleep(600)", on: client) }
                cluster.crash()
                #expect(await victim?.code == .connectionLost)
                try await eventually("the loss was not noticed") { !client.isAvailable }
                #expect(await postgresError { try await client.query("SELECT 1") }?.code == .unavailable)
                #expect(await postgresError { try await client.atomically(["SELECT 1"], on: 3) }?.code == .unavailable)
                #expect(await postgresError { try await client.withTransaction { _ in } }?.code == .unavailable)
                // The outage has lasted for a second: now nobody waits.
                #expect(await postgresError { try await client.query("SELECT 1") }?.code == .unavailable)
                try cluster.start()
                try await eventually("it did not come back") { client.statistics.connections == 4 }
                try await client.query("INSERT INTO t VALUES (1)")
                // Transactions have connections of their own, which come back in their own time.
                try await eventually("no transaction can begin") {
                    do {
                        try await client.withTransaction { _ = try await $0.query("INSERT INTO t VALUES (2)") }
                        return true
                    } catch let error as PostgresError where error.code == .unavailable {
                        return false
                    }
                }
                let rows: Int = try await client.query("SELECT count(*) FROM t")[0][0]
                #expect(rows == 2)
            }
        }
    }

    @Test func aSilentServerTimesOutAndIsReplacedWhenItWakes() async throws {
        try await withCluster { cluster, connectionString in
            try await withClient(connectionString: connectionString) {
                $0.connections = 1
                $0.transactionConnections = 1
                $0.queryTimeout = .milliseconds(300)
            } body: { client in
                let pid: Int = try await client.query("SELECT pg_backend_pid()", timeout: .seconds(60))[0][0]
                cluster.suspend(true)
                #expect(await postgresError { try await client.query("SELECT 1") }?.code == .timedOut)
                try await eventually("the dead connection was kept") { !client.isAvailable }
                cluster.suspend(false)
                try await eventually("it did not come back") { client.isAvailable }
                let new: Int = try await client.query("SELECT pg_backend_pid()", timeout: .seconds(60))[0][0]
                #expect(new != pid)
            }
        }
    }

    /// Connections break at random moments under load: what was acknowledged is stored, what was refused for certain is
    /// not, and nothing is stored twice.
    @Test func acknowledgedIsStoredAndRefusedIsNot() async throws {
        let connectionString = try TestCluster.shared.get().makeDatabase()
        try await withClient(connectionString: connectionString) { observer in
            try await observer.query("CREATE TABLE t (id int8)")
            var (acknowledged, refused, unknown) = (Set<Int>(), Set<Int>(), Set<Int>())
            try await withClient(connectionString: connectionString) {
                $0.applicationName = "victim"
            } body: { client in
                let isOver = Flag()
                try await withThrowingTaskGroup(of: [(Int, PostgresError?)].self) { group in
                    for writer in 0..<16 {
                        group.addTask { try await write(writer, client, until: isOver) }
                    }
                    group.addTask {
                        defer { isOver.set() }
                        for _ in 0..<10 {
                            let cut: [Int] = try await observer.query(
                                """
                                SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity \
                                WHERE application_name = 'victim' AND datname = current_database()
                                """
                            ).map { try $0.decode("pid", as: Int.self) }
                            #expect(!cut.isEmpty)
                            // The client may lose and replace a connection between two looks: what stays is who is new.
                            try await eventually("it did not come back") {
                                let new: Int = try await observer.query(
                                    """
                                    SELECT count(*) FROM pg_stat_activity WHERE application_name = 'victim' \
                                    AND datname = current_database() AND pid <> ALL (\(cut))
                                    """)[0][0]
                                return new >= 4 && client.statistics.connections == 4
                            }
                        }
                        return []
                    }
                    for try await outcomes in group {
                        for (id, error) in outcomes {
                            switch error?.maybeExecuted {
                            case nil: acknowledged.insert(id)
                            case true?: unknown.insert(id)
                            case false?: refused.insert(id)
                            }
                        }
                    }
                }
            }
            let rows = try await observer.query("SELECT id FROM t")
            let stored = Set(try rows.map { try $0.decode("id", as: Int.self) })
            #expect(stored.count == rows.count)
            #expect(!acknowledged.isEmpty && !unknown.isEmpty)
            #expect(acknowledged.isSubset(of: stored))
            #expect(refused.isDisjoint(with: stored))
        }
    }

    /// Inserts numbers of this writer's own, each once and by one of the three ways, and tells how each ended.
    private func write(
        _ writer: Int, _ client: PostgresClient, until isOver: Flag
    ) async throws -> [(Int, PostgresError?)] {
        var outcomes: [(Int, PostgresError?)] = []
        for number in 0..<1_000_000 {
            if isOver.isSet { break }
            let id = writer * 1_000_000 + number
            let insert: PostgresQuery = "INSERT INTO t VALUES (\(id))"
            do {
                switch number % 3 {
                case 0: try await client.query(insert)
                case 1: try await client.atomically(["SELECT 1", insert], on: writer)
                default: _ = try await client.withTransaction { try await $0.query(insert) }
                }
                outcomes.append((id, nil))
            } catch let error as PostgresError {
                outcomes.append((id, error))
            }
        }
        return outcomes
    }

    @Test func aMalformedConnectionStringIsRefusedWithoutQuotingIt() async throws {
        let url = "postgresql://parley:secret@[::1/db"
        do {
            _ = try PostgresClient(configuration: .init(connectionString: url), logger: .silent)
            Issue.record("nothing was thrown")
        } catch {
            #expect(error.code == .misuse)
            #expect(!error.description.contains("secret"))
        }
    }

    @Test func startSaysWhyThereIsNoConnection() async throws {
        var configuration = PostgresConfiguration(connectionString: "host=/nonexistent dbname=x user=x")
        configuration.connectTimeout = .milliseconds(300)
        let nowhere = try PostgresClient(configuration: configuration, logger: .silent)
        let missing = await postgresError { try await nowhere.start() }
        #expect(missing?.code == .unavailable)
        #expect(missing?.detail.contains("/nonexistent") == true)
        await nowhere.close()

        let cluster = try TestCluster.shared.get()
        configuration.connectionString = cluster.connectionString(database: "there_is_no_such_database")
        let wrong = try PostgresClient(configuration: configuration, logger: .silent)
        #expect(await postgresError { try await wrong.start() }?.detail.contains("does not exist") == true)
        await wrong.close()

        configuration.connectionString = try cluster.makeDatabase()
        configuration.sessionParameters = ["no_such_setting": "1"]
        let refused = try PostgresClient(configuration: configuration, logger: .silent)
        #expect(await postgresError { try await refused.start() }?.sqlState == "42704")
        await refused.close()
    }

    @Test func sessionParametersAreSetOnEveryConnection() async throws {
        try await withClient {
            $0.sessionParameters = ["parley.server": "it's \\ on"]
            $0.connections = 2
        } body: { client in
            for lane in 0..<2 {
                let value: String = try await client.atomically(["SHOW parley.server"], on: lane)[0][0][0]
                #expect(value == "it's \\ on")
            }
            let exclusive: String = try await client.withTransaction {
                try await $0.query("SELECT current_setting('parley.server') || current_setting('application_name')")[0][
                    0]
            }
            #expect(exclusive == "it's \\ onparley-tests")
        }
    }
}
