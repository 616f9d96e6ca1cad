import Foundation
import PostgresClient
import TestPostgres
import Testing

@Suite struct PostgresMigratorTests {
    private final class Directory {
        let url: URL

        init(_ files: [String: String]) throws {
            url = FileManager.default.temporaryDirectory.appending(path: "migrations-\(UUID())")
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            for (name, sql) in files { try write(name, sql) }
        }

        deinit { try? FileManager.default.removeItem(at: url) }

        func write(_ name: String, _ sql: String) throws {
            try Data(sql.utf8).write(to: url.appending(path: name))
        }

        func remove(_ name: String) throws { try FileManager.default.removeItem(at: url.appending(path: name)) }

        func migrate(_ connectionString: String) async throws -> [String] {
            try await PostgresMigrator(directory: url).migrate(connectionString: connectionString, logger: .silent)
        }

        /// The sentence that the migrator refuses with.
        func refusal(_ connectionString: String) async -> String {
            do {
                return "applied \(try await migrate(connectionString))"
            } catch {
                return "\(error)"
            }
        }
    }

    private let first = "CREATE TABLE users (id int8); CREATE INDEX ON users (id);\nINSERT INTO users VALUES (1);"
    private let second = "ALTER TABLE users ADD COLUMN name text;"

    private func makeDatabase() throws -> String { try TestCluster.shared.get().makeDatabase() }

    @Test func appliesInOrderAndOnlyOnce() async throws {
        let database = try makeDatabase()
        let directory = try Directory(["0002_names.sql": second, "0001_users.sql": first, "README.md": "no"])
        #expect(try await directory.migrate(database) == ["0001_users.sql", "0002_names.sql"])
        #expect(try await directory.migrate(database) == [])
        try directory.write("0003_more.sql", "DELETE FROM users;")
        #expect(try await directory.migrate(database) == ["0003_more.sql"])
        try await withClient(connectionString: database) { client in
            let rows = try await client.query("SELECT version, name, length(checksum) AS n FROM schema_migrations")
            #expect(try rows.map { try $0.decode("version", as: Int.self) } == [1, 2, 3])
            #expect(try rows[1].decode("name", as: String.self) == "names")
            #expect(try rows[0].decode("n", as: Int.self) == 64)
        }
    }

    @Test func aFailingFileLeavesNothingBehindAndIsNamedWithItsLine() async throws {
        let database = try makeDatabase()
        let directory = try Directory([
            "0001_users.sql": first, "0002_broken.sql": "CREATE TABLE half (id int8);\n\nSELECT missing FROM users;",
        ])
        let refusal = await directory.refusal(database)
        #expect(refusal.hasPrefix("0002_broken.sql, line 3: "), "\(refusal)")
        try await withClient(connectionString: database) { client in
            let half: String? = try await client.query("SELECT to_regclass('half')::text")[0][0]
            #expect(half == nil)
            let versions: [Int] = try await client.query("SELECT array_agg(version::int8) FROM schema_migrations")[0][0]
            #expect(versions == [1])
        }
    }

    @Test func refusesGapsDuplicatesAndStrangeNames() async throws {
        let database = try makeDatabase()
        let gap = try Directory(["0001_a.sql": first, "0003_c.sql": second])
        #expect(await gap.refusal(database) == "before 0003_c.sql there is no migration number 2")
        let duplicate = try Directory(["0001_a.sql": first, "0001_b.sql": second])
        #expect(await duplicate.refusal(database) == "0001_a.sql and 0001_b.sql have the same number")
        let strange = try Directory(["1_a.sql": first])
        #expect(await strange.refusal(database) == "1_a.sql is not named like 0001_what_it_does.sql")
        let missing = PostgresMigrator(directory: URL(fileURLWithPath: "/nonexistent"))
        await #expect(throws: PostgresMigrationError.self) {
            try await missing.migrate(connectionString: database, logger: .silent)
        }
    }

    @Test func refusesAnEditedFile() async throws {
        let database = try makeDatabase()
        let directory = try Directory(["0001_users.sql": first])
        _ = try await directory.migrate(database)
        try directory.write("0001_users.sql", first + " ")
        try directory.write("0002_names.sql", second)
        let refusal = await directory.refusal(database)
        #expect(refusal.hasPrefix("0001_users.sql was changed after it was applied"))
    }

    @Test func refusesADatabaseThatIsNewer() async throws {
        let database = try makeDatabase()
        let directory = try Directory(["0001_users.sql": first, "0002_names.sql": second])
        _ = try await directory.migrate(database)
        try directory.remove("0002_names.sql")
        #expect(await directory.refusal(database).contains("2_names, which this version does not know"))
    }

    @Test func refusesAFileThatCommits() async throws {
        let database = try makeDatabase()
        let directory = try Directory(["0001_users.sql": "CREATE TABLE a (id int8); COMMIT;"])
        #expect(await directory.refusal(database).contains("must not COMMIT"))
    }

    @Test func serversThatStartAtOnceDoNotCollide() async throws {
        let database = try makeDatabase()
        let directory = try Directory(["0001_users.sql": first, "0002_names.sql": second])
        let migrator = PostgresMigrator(directory: directory.url)
        let applied = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<5 {
                group.addTask { try await migrator.migrate(connectionString: database, logger: .silent) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(applied.filter { !$0.isEmpty } == [["0001_users.sql", "0002_names.sql"]])
    }

    @Test func oneServerPreparesBeforeAnythingIsApplied() async throws {
        let database = try makeDatabase()
        let directory = try Directory(["0001_users.sql": first])
        _ = try await directory.migrate(database)
        try directory.write("0002_names.sql", second)
        let migrator = PostgresMigrator(directory: directory.url)
        let (seen, seeing) = AsyncStream.makeStream(of: String.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    _ = try await migrator.migrate(connectionString: database, logger: .silent) { outlook in
                        let now = try await migrator.outlook(connectionString: database)
                        seeing.yield("\(outlook.applied) \(now.applied) \(outlook.pending.map(\.file))")
                    }
                }
            }
            try await group.waitForAll()
        }
        seeing.finish()
        #expect(await seen.reduce(into: []) { $0.append($1) } == [#"1 1 ["0002_names.sql"]"#])
    }

    @Test func nothingIsAppliedUnlessItWasPrepared() async throws {
        struct NoRoom: Error {}
        let database = try makeDatabase()
        let directory = try Directory(["0001_users.sql": first])
        let migrator = PostgresMigrator(directory: directory.url)
        await #expect(throws: NoRoom.self) {
            try await migrator.migrate(connectionString: database, logger: .silent) { _ in throw NoRoom() }
        }
        #expect(try await directory.migrate(database) == ["0001_users.sql"])
    }
}
