import PostgresClient
import Testing

private struct Refusal: Error {}

@Suite struct TransactionTests {
    private func count(_ client: PostgresClient) async throws -> Int {
        try await client.query("SELECT count(*) FROM t")[0][0]
    }

    @Test func commitsWhatTheBodyDid() async throws {
        try await withClient { client in
            try await client.query("CREATE TABLE t (n int8)")
            let answer = try await client.withTransaction { transaction in
                try await transaction.query("INSERT INTO t VALUES (\(1))")
                #expect(try await count(client) == 0)
                return try await transaction.queries(["INSERT INTO t VALUES (\(2))", "SELECT count(*) AS n FROM t"])[1]
            }
            #expect(try answer[0].decode("n", as: Int.self) == 2)
            #expect(try await count(client) == 2)
        }
    }

    @Test func rollsBackWhenTheBodyThrows() async throws {
        try await withClient {
            $0.transactionConnections = 1
        } body: { client in
            try await client.query("CREATE TABLE t (n int8)")
            await #expect(throws: Refusal.self) {
                try await client.withTransaction { transaction in
                    try await transaction.query("INSERT INTO t VALUES (\(1))")
                    throw Refusal()
                }
            }
            #expect(try await count(client) == 0)
            // The one connection is free and clean again.
            let status: Bool = try await client.withTransaction { transaction in
                try await transaction.query("SELECT txid_current_if_assigned() IS NULL")[0][0]
            }
            #expect(status)
        }
    }

    @Test func aFailureThatTheBodyHidesStillFailsTheTransaction() async throws {
        try await withClient { client in
            try await client.query("CREATE TABLE t (n int8)")
            let error = await postgresError {
                try await client.withTransaction { transaction in
                    try await transaction.query("INSERT INTO t VALUES (\(1))")
                    _ = try? await transaction.query("SELECT 1 / 0")
                }
            }
            #expect(error?.sqlState == .inFailedTransaction)
            #expect(try await count(client) == 0)
        }
    }

    @Test func anErrorOfAnUnpreparedStatementIsTheRealOne() async throws {
        try await withClient { client in
            let error = await postgresError {
                try await client.withTransaction { _ = try await $0.query("SELECT * FROM missing") }
            }
            #expect(error?.sqlState == .undefinedTable)
        }
    }

    @Test func rollsBackWhenCancelledAndFreesTheConnection() async throws {
        try await withClient {
            $0.transactionConnections = 1
        } body: { client in
            try await client.query("CREATE TABLE t (n int8)")
            let task = Task {
                try await client.withTransaction { transaction in
                    try await transaction.query("INSERT INTO t VALUES (\(1))")
                    try await transaction.query("SELECT pg_sleep(600), 'transaction to cancel'")
                }
            }
            try await eventually("it never ran") { try await isRunning("transaction to cancel", on: client) }
            task.cancel()
            #expect(await postgresError { try await task.value }?.code == .cancelled)
            // The server notices within about a second that the client of the sleeping statement is gone.
            try await eventually("it still runs") { try await !isRunning("transaction to cancel", on: client) }
            #expect(try await count(client) == 0)
            try await client.withTransaction { _ = try await $0.query("INSERT INTO t VALUES (\(2))") }
            #expect(try await count(client) == 1)
        }
    }

    @Test func anExhaustedPoolSaysSo() async throws {
        try await withClient {
            $0.transactionConnections = 2
            $0.acquireTimeout = .seconds(10)
        } body: { client in
            let (held, holding) = AsyncStream.makeStream(of: Void.self)
            let (released, releasing) = AsyncStream.makeStream(of: Void.self)
            async let holders: Void = withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        try await client.withTransaction { _ in
                            holding.yield()
                            for await _ in released {}
                        }
                    }
                }
                try await group.waitForAll()
            }
            var holds = held.makeAsyncIterator()
            await holds.next()
            await holds.next()
            #expect(await postgresError { try await client.withTransaction { _ in } }?.code == .poolExhausted)
            // Who waits gets the first connection that becomes free.
            let waiting = Task { try await client.withTransaction { _ in "served" } }
            let cancelled = Task { try await client.withTransaction { _ in } }
            cancelled.cancel()
            #expect(await postgresError { try await cancelled.value }?.code == .cancelled)
            releasing.finish()
            #expect(try await waiting.value == "served")
            try await holders
        }
    }

    @Test func aTransactionIsOfNoUseWhenItHasEnded() async throws {
        try await withClient { client in
            let transaction = try await client.withTransaction { $0 }
            #expect(await postgresError { try await transaction.query("SELECT 1") }?.code == .misuse)
        }
    }

    @Test func aStatementTimeoutHoldsForTheWholeTransactionOnly() async throws {
        try await withClient {
            $0.transactionConnections = 1
        } body: { client in
            let error = await postgresError {
                try await client.withTransaction(statementTimeout: .milliseconds(200)) {
                    _ = try await $0.query("SELECT pg_sleep(600)")
                }
            }
            #expect(error?.code == .timedOut)
            let setting: String = try await client.withTransaction {
                try await $0.query("SHOW statement_timeout")[0][0]
            }
            #expect(setting == "1min")
        }
    }

    @Test func whatMeetsALockFailsSoonAndLeavesTheConnectionClean() async throws {
        try await withClient {
            $0.lockTimeout = .milliseconds(50)
            $0.connections = 1
            $0.transactionConnections = 2
        } body: { client in
            try await client.query("CREATE TABLE t (n int8 PRIMARY KEY)")
            try await client.query("INSERT INTO t VALUES (1)")
            try await client.withTransaction { holder in
                try await holder.query("SELECT 1 FROM t FOR UPDATE")
                let shared = await postgresError { try await client.query("UPDATE t SET n = 2") }
                #expect(shared?.sqlState == .lockNotAvailable && shared?.maybeExecuted == false)
                for _ in 0..<3 {
                    let alone = await postgresError {
                        try await client.exclusively(["INSERT INTO t VALUES (3)", "UPDATE t SET n = 2 WHERE n = 1"])
                    }
                    #expect(alone?.sqlState == .lockNotAvailable)
                }
                #expect(try await count(client) == 1, "all statements or none")
            }
            try await client.exclusively(["INSERT INTO t VALUES (3)", "UPDATE t SET n = 2 WHERE n = 1"])
            #expect(try await count(client) == 2)
        }
    }
}
