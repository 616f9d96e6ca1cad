import Foundation
import PostgresClient
import Synchronization
import TestPostgres
import Testing

@Suite(.timeLimit(.minutes(2))) struct QueryTests {
    @Test func manyTasksShareOneConnectionAndGetTheirOwnAnswers() async throws {
        try await withClient {
            $0.connections = 1
        } body: { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<1_000 {
                    group.addTask {
                        if number % 10 == 3 {
                            let error = await postgresError { try await client.query("SELECT 1 / (\(number) * 0)") }
                            #expect(error?.sqlState == "22012")
                        } else {
                            let answer: Int = try await client.query("SELECT \(number) AS n")[0]["n"]
                            #expect(answer == number)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(client.statistics.queries == 0)
        }
    }

    @Test func errorsNameStateAndConstraint() async throws {
        try await withClient { client in
            try await client.query(
                """
                CREATE TABLE t (id int8 CONSTRAINT t_key PRIMARY KEY, n int8 NOT NULL CONSTRAINT t_positive CHECK (n > 0), \
                parent int8 CONSTRAINT t_parent REFERENCES t DEFERRABLE INITIALLY DEFERRED)
                """)
            try await client.query("INSERT INTO t VALUES (1, 1)")
            let duplicate = await postgresError { try await client.query("INSERT INTO t VALUES (\(1), 1)") }
            #expect(duplicate?.sqlState == .uniqueViolation)
            #expect(duplicate?.violates("t_key") == true)
            #expect(duplicate?.table == "t")
            #expect(duplicate?.maybeExecuted == false)
            let check = await postgresError { try await client.query("INSERT INTO t VALUES (2, \(0))") }
            #expect(check?.constraint == "t_positive")
            let null = await postgresError { try await client.query("INSERT INTO t VALUES (2, \(Int?.none))") }
            #expect(null?.sqlState == .notNullViolation)
            #expect(null?.column == "n")
            // This one fails only when the segment commits.
            let deferred = await postgresError { try await client.query("INSERT INTO t VALUES (2, 1, \(99))") }
            #expect(deferred?.violates("t_parent") == true)
            let syntax = await postgresError { try await client.query("SELEKT") }
            #expect(syntax?.code == .server)
            #expect(syntax?.sqlState == .syntaxError)
            let table = await postgresError { try await client.query("SELECT * FROM missing WHERE id = \(1)") }
            #expect(table?.sqlState == .undefinedTable)
            let count: Int = try await client.query("SELECT count(*) FROM t")[0][0]
            #expect(count == 1)
        }
    }

    @Test func aStatementThatCouldNotBePreparedCanBeLater() async throws {
        try await withClient {
            $0.connections = 1
        } body: { client in
            // The second is sent behind the first's failing preparation.
            async let first = postgresError { try await client.query("SELECT * FROM late") }
            async let second = postgresError { try await client.query("SELECT * FROM late") }
            #expect(await first?.sqlState == .undefinedTable)
            #expect(await second?.sqlState == .undefinedTable)
            try await client.query("CREATE TABLE late (id int8)")
            #expect(try await client.query("SELECT * FROM late").isEmpty)
        }
    }

    @Test func affectedRowsAndTags() async throws {
        try await withClient { client in
            #expect(try await client.query("CREATE TABLE t (n int8)").affectedRows == 0)
            let insert = try await client.query("INSERT INTO t SELECT * FROM generate_series(1, \(5)::int8)")
            #expect(insert.affectedRows == 5)
            #expect(insert.commandTag == "INSERT 0 5")
            #expect(try await client.query("DELETE FROM t WHERE n > \(3)").affectedRows == 2)
            #expect(try await client.query("").isEmpty)
        }
    }

    // MARK: Segments

    @Test func atomicallyIsAllOrNothingAndLeavesNeighborsAlone() async throws {
        try await withClient {
            $0.connections = 1
        } body: { client in
            try await client.query("CREATE TABLE t (n int8 PRIMARY KEY)")
            async let failing = postgresError {
                try await client.atomically([
                    "INSERT INTO t VALUES (\(1))", "INSERT INTO t VALUES (\(1))", "INSERT INTO t VALUES (\(2))",
                ])
            }
            async let neighbor = client.atomically([
                "INSERT INTO t VALUES (\(10))", "SELECT count(*) AS n FROM t WHERE n >= \(10)",
            ])
            #expect(await failing?.sqlState == .uniqueViolation)
            let results = try await neighbor
            #expect(results.count == 2)
            #expect(try results[1][0].decode("n", as: Int.self) == 1)
            let stored = try await client.query("SELECT n FROM t").map { try $0.decode("n", as: Int.self) }
            #expect(stored == [10])
            #expect(try await client.atomically([]).isEmpty)
        }
    }

    @Test func aFailureAtCommitUndoesTheSegmentAndKeepsTheConnectionInStep() async throws {
        try await withClient {
            $0.connections = 1
        } body: { client in
            try await client.query(
                "CREATE TABLE t (id int8 PRIMARY KEY, parent int8 REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
            for round in 0..<20 {
                async let failing = postgresError {
                    try await client.atomically([
                        "INSERT INTO t VALUES (\(round), 99)", "SELECT \(round) AS n",
                    ])
                }
                async let next: Int = client.query("SELECT \(round) AS n")[0]["n"]
                #expect(await failing?.sqlState == .foreignKeyViolation)
                #expect(try await next == round)
            }
            let count: Int = try await client.query("SELECT count(*) FROM t")[0][0]
            #expect(count == 0)
        }
    }

    @Test func aLaneKeepsItsOrder() async throws {
        try await withClient { client in
            try await client.query("CREATE TABLE t (place serial, n int8)")
            await withCheckedContinuation { continuation in
                let left = Mutex(500)
                for number in 0..<500 {
                    client.submit(["INSERT INTO t (n) VALUES (\(number))"], on: -7) { result in
                        if case .failure(let error) = result { Issue.record(error) }
                        let isLast = left.withLock { left in
                            left -= 1
                            return left == 0
                        }
                        if isLast { continuation.resume() }
                    }
                }
            }
            let order = try await client.query("SELECT n FROM t ORDER BY place").map {
                try $0.decode("n", as: Int.self)
            }
            #expect(order == Array(0..<500))
        }
    }

    // MARK: Prepared statements

    @Test func rarelyUsedStatementsAreDropped() async throws {
        try await withClient {
            $0.connections = 1
            $0.maxPreparedStatements = 5
        } body: { client in
            for round in 0..<3 {
                for number in 0..<20 {
                    let n: Int = try await client.query("SELECT \(round) + \(unescaped: "\(number)") AS n")[0]["n"]
                    #expect(n == round + number)
                }
            }
            let held: Int = try await client.query("SELECT count(*) FROM pg_prepared_statements")[0][0]
            #expect(held <= 6)
        }
    }

    @Test func theSameTextWithOtherTypesIsAnotherStatement() async throws {
        try await withClient {
            $0.connections = 1
        } body: { client in
            let names = try await [
                typeName(of: 1, client), typeName(of: "1", client), typeName(of: Int32(1), client),
            ]
            #expect(names == ["bigint", "text", "integer"])
        }
    }

    private func typeName<T: PostgresEncodable>(of value: T, _ client: PostgresClient) async throws -> String {
        try await client.query("SELECT pg_typeof(\(value))::text AS type")[0]["type"]
    }

    @Test func stalePlansAndLostStatementsAreRepairedUnseen() async throws {
        try await withClient {
            $0.connections = 1
        } body: { client in
            try await client.query("CREATE TABLE t AS SELECT 1 AS n")
            func read() async throws -> PostgresResult { try await client.query("SELECT * FROM t") }
            #expect(try await read()[0].decode("n", as: Int.self) == 1)
            try await client.query("ALTER TABLE t ADD COLUMN m text DEFAULT 'new'")
            #expect(try await read()[0].decode("m", as: String.self) == "new")
            try await client.query("DEALLOCATE ALL")
            #expect(try await read()[0].decode("m", as: String.self) == "new")
        }
    }

    // MARK: Limits

    @Test func aTimeoutIsPromptAndNeighborsGoOn() async throws {
        try await withClient {
            $0.connections = 2
        } body: { client in
            async let slow = postgresError {
                try await client.query("SELECT pg_sleep(600)", timeout: .milliseconds(300))
            }
            for number in 0..<200 {
                let answer: Int = try await client.query("SELECT \(number) AS n")[0]["n"]
                #expect(answer == number)
            }
            let error = await slow
            #expect(error?.code == .timedOut)
            // The server was told, too: nothing goes on sleeping there.
            try await eventually("pg_sleep still runs") { try await !isRunning("pg_sleep(600)", on: client) }
        }
    }

    @Test func aTimeoutDoesNotReachTheNextQueryOfItsConnection() async throws {
        try await withClient {
            $0.connections = 1
        } body: { client in
            async let slow = postgresError {
                try await client.query("SELECT pg_sleep(600)", timeout: .milliseconds(200))
            }
            async let behind: Int = client.query("SELECT 1 AS n FROM pg_sleep(0.5)")[0]["n"]
            #expect(await slow?.code == .timedOut)
            #expect(try await behind == 1)
            let setting: String = try await client.query("SHOW statement_timeout")[0][0]
            #expect(setting == "10s")
        }
    }

    @Test func aLongerTimeoutThanUsualHolds() async throws {
        try await withClient {
            $0.queryTimeout = .milliseconds(200)
        } body: { client in
            #expect(await postgresError { try await client.query("SELECT pg_sleep(600)") }?.code == .timedOut)
            let rows = try await client.query("SELECT 1 FROM pg_sleep(0.6)", timeout: .seconds(60))
            #expect(rows.count == 1)
        }
    }

    @Test func cancellationIsPromptAndKeepsTheConnectionInOrder() async throws {
        try await withClient {
            $0.connections = 2
        } body: { client in
            let task = Task { try await client.query("SELECT pg_sleep(600), 'cancel me'") }
            try await eventually("the query never ran") { try await isRunning("cancel me", on: client) }
            task.cancel()
            let error = await postgresError { _ = try await task.value }
            #expect(error?.code == .cancelled)
            #expect(error?.maybeExecuted == true)
            for number in 0..<100 {
                let answer: Int = try await client.query("SELECT \(number) AS n")[0]["n"]
                #expect(answer == number)
            }
        }
    }

    @Test func aStormOfCancellationsMixesNothingUp() async throws {
        try await withClient {
            $0.connections = 2
            $0.maxPipelinedQueries = 8
        } body: { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<1_000 {
                    let task = Task { () throws -> Int in
                        try await client.query("SELECT \(number) AS n, pg_sleep(0.0005)", timeout: .seconds(60))[0]["n"]
                    }
                    if number % 3 == 0 { task.cancel() }
                    group.addTask {
                        do {
                            let answer = try await task.value
                            #expect(answer == number)
                        } catch let error as PostgresError {
                            #expect(error.code == .cancelled)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(client.statistics.queries == 0)
        }
    }

    @Test func aCancelledTaskSendsNothing() async throws {
        try await withClient { client in
            try await client.query("CREATE TABLE t (n int8)")
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await client.query("INSERT INTO t VALUES (1)")
            }
            let error = await postgresError { _ = try await task.value }
            #expect(error?.code == .cancelled)
            #expect(error?.maybeExecuted == false)
            #expect(try await client.query("SELECT * FROM t").isEmpty)
        }
    }

    @Test func theQueueIsBounded() async throws {
        try await withClient {
            $0.connections = 1
            $0.maxQueuedQueries = 10
            $0.maxPipelinedQueries = 2
        } body: { client in
            try await withThrowingTaskGroup(of: PostgresError.Code?.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        do {
                            try await client.query("SELECT pg_sleep(0.1)")
                            return nil
                        } catch let error as PostgresError {
                            return error.code
                        }
                    }
                }
                var outcomes: [PostgresError.Code?] = []
                for try await outcome in group { outcomes.append(outcome) }
                #expect(outcomes.filter { $0 == nil }.count >= 10)
                #expect(outcomes.contains(.queueFull))
                #expect(outcomes.allSatisfy { $0 == nil || $0 == .queueFull })
            }
            // The places are free again.
            try await client.query("SELECT 1")
        }
    }

    @Test func aQueuedQueryTimesOutWithoutBeingSent() async throws {
        let connectionString = try TestCluster.shared.get().makeDatabase()
        try await withClient(connectionString: connectionString) { observer in
            try await withClient(connectionString: connectionString) {
                $0.connections = 1
                $0.maxPipelinedQueries = 1
            } body: { client in
                try await client.query("CREATE TABLE t (n int8)")
                // The head of the queue ends when this transaction does.
                let head = try await observer.withTransaction { transaction in
                    try await transaction.query("SELECT pg_advisory_xact_lock(7)")
                    let head = Task { try await client.query("SELECT 'head' FROM pg_advisory_xact_lock(7)") }
                    try await eventually("the head was not sent") {
                        try await isRunning("'head' FROM pg_advisory", on: observer)
                    }
                    let error = await postgresError {
                        try await client.query("INSERT INTO t VALUES (1)", timeout: .milliseconds(200))
                    }
                    #expect(error?.code == .timedOut)
                    return head
                }
                _ = try await head.value
                #expect(try await client.query("SELECT * FROM t").isEmpty)
            }
        }
    }

    @Test func closingLetsWhatIsUnderWayEndAndRefusesTheRest() async throws {
        let connectionString = try TestCluster.shared.get().makeDatabase()
        try await withClient(connectionString: connectionString) { observer in
            try await withClient(connectionString: connectionString) { client in
                // The query ends when this transaction does, not before and not by time.
                let (running, closing) = try await observer.withTransaction { transaction in
                    try await transaction.query("SELECT pg_advisory_xact_lock(7)")
                    let running = Task { try await client.query("SELECT 5 AS n FROM pg_advisory_xact_lock(7)") }
                    try await eventually("it never ran") {
                        try await isRunning("5 AS n FROM pg_advisory", on: observer)
                    }
                    let closing = Task { await client.close() }
                    try await eventually("it was not refused") {
                        do {
                            try await client.query("SELECT 1", timeout: .milliseconds(200))
                            return false
                        } catch let error as PostgresError {
                            return error.code == .closed
                        }
                    }
                    return (running, closing)
                }
                let answer: Int = try await running.value[0]["n"]
                #expect(answer == 5)
                await closing.value
                #expect(await postgresError { try await client.withTransaction { _ in } }?.code == .closed)
                #expect(client.isAvailable == false)
                #expect(await client.listen(["a"]).first { _ in true } == nil)
            }
        }
    }

    @Test func copyIsRefusedAndTheConnectionReplaced() async throws {
        try await withClient {
            $0.connections = 1
        } body: { client in
            let error = await postgresError { try await client.query("COPY (SELECT 1) TO STDOUT") }
            #expect(error != nil)
            let n: Int = try await client.query("SELECT 1 AS n")[0]["n"]
            #expect(n == 1)
        }
    }
}
