import PostgresClient
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct QueryTests {
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

    // MARK: What the client does not do

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
