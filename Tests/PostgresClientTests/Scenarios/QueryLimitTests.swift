import PostgresClient
import TestPostgres
import Testing

/// How queries end that take too long, are cancelled, are too many, or meet the client's end.
@Suite(.timeLimit(.minutes(5))) struct QueryLimitTests {
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
            #expect(setting == "1min")
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

    @Test func whatIsUncancellableRunsInACancelledTask() async throws {
        try await withClient { client in
            try await client.query("CREATE TABLE t (n int8)")
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await client.uncancellably(["INSERT INTO t VALUES (1)", "SELECT n FROM t"]).map(\.count)
            }
            #expect(try await task.value == [0, 1])
            #expect(try await client.query("SELECT * FROM t").count == 1)
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
}
