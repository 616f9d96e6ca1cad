public import Foundation
public import Logging
import Synchronization

/// Migrates a database to the schema of a directory of numbered SQL files.
///
/// Each file runs in one transaction together with its row in `schema_migrations`. A lock in the database serializes
/// servers that start at the same time: the second one waits, and then finds nothing to do.
public struct PostgresMigrator: Sendable {
    /// What `migrate` would do.
    public struct Outlook: Sendable {
        /// How many migrations the database has.
        public let applied: Int
        /// The files that are missing, and their SQL.
        public let pending: [(file: String, sql: String)]
    }

    private let directory: URL
    private let program: String?

    /// - Parameter program: The version of the program, which is noted with each migration that it applies.
    public init(directory: URL, program: String? = nil) {
        self.directory = directory
        self.program = program
    }

    /// What `migrate` would do. Changes nothing.
    /// - Throws: as `migrate`.
    public func outlook(connectionString: String) async throws(PostgresMigrationError) -> Outlook {
        try await onThread { () throws(PostgresMigrationError) in
            let files = try Migration.read(directory: directory)
            return try MigrationSession(connectionString: connectionString, program: program).outlook(files)
        }
    }

    /// Applies missing migrations, and returns the names of their files.
    ///
    /// Uses a blocking connection on a separate thread. Once begun, it is not canceled with the task. A migration has
    /// no time limit, but waits at most a minute for each lock.
    ///
    /// - Parameter prepare: Called before the first missing migration, while no other server migrates. If it throws, none is
    ///   applied.
    /// - Throws: `PostgresMigrationError` for a gap or a duplicate in the numbers, a file that was changed after it was
    ///   applied, a database that is newer than the files, and for SQL that fails; what `prepare` throws.
    public func migrate(
        connectionString: String, logger: Logger,
        prepare: @escaping @Sendable (Outlook) async throws -> Void = { _ in }
    ) async throws -> [String] {
        try await onThread {
            let files = try Migration.read(directory: directory)
            let session = try MigrationSession(connectionString: connectionString, program: program)
            return try session.apply(files, logger: logger, prepare: prepare)
        }
    }

    private func onThread<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result = await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: Result(catching: body)) }
            thread.name = "postgres-migrate"
            thread.start()
        }
        return try result.get()
    }
}

/// A blocking connection that applies migrations. Stays on one thread.
private struct MigrationSession {
    private let connection: PQConnection
    private let program: String?

    /// Any number that nothing else locks: "parley" in ASCII.
    private static let lock = 0x7061_726c_6579

    init(connectionString: String, program: String?) throws(PostgresMigrationError) {
        self.program = program
        do {
            connection = try PQConnection.connect(
                try PQParameters(
                    connectionString: connectionString, applicationName: "parley-migrate",
                    connectTimeout: .seconds(10)))
        } catch {
            throw PostgresMigrationError("no connection to migrate the database: \(error.detail)")
        }
    }

    func outlook(_ files: [Migration]) throws(PostgresMigrationError) -> PostgresMigrator.Outlook {
        let applied = try isMigrated() ? applied() : []
        let pending = try MigrationPlan.pending(files: files, applied: applied)
        return .init(applied: applied.count, pending: pending.map { ($0.file, $0.sql) })
    }

    func apply(
        _ files: [Migration], logger: Logger,
        prepare: @escaping @Sendable (PostgresMigrator.Outlook) async throws -> Void
    ) throws -> [String] {
        try run("SET statement_timeout = 0; SET lock_timeout = '60s'")
        // If nothing is missing, the lock is not awaited, because anyone who can log in could hold it.
        if try isMigrated(), try MigrationPlan.pending(files: files, applied: try applied()).isEmpty { return [] }
        // Held until the connection closes.
        try run("SELECT pg_advisory_lock(\(Self.lock))")
        try run(
            """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now(), program text);
            ALTER TABLE schema_migrations ADD COLUMN IF NOT EXISTS program text
            """)
        let applied = try applied()
        let pending = try MigrationPlan.pending(files: files, applied: applied)
        if pending.isEmpty { return [] }
        let outlook = PostgresMigrator.Outlook(applied: applied.count, pending: pending.map { ($0.file, $0.sql) })
        try wait { try await prepare(outlook) }
        var names: [String] = []
        for migration in pending {
            try apply(migration)
            logger.info("migration applied", metadata: ["file": "\(migration.file)"])
            names.append(migration.file)
        }
        return names
    }

    /// Blocks this thread, which nothing else needs.
    private func wait(for body: @escaping @Sendable () async throws -> Void) throws {
        let done = DispatchSemaphore(value: 0)
        let outcome = Mutex<Result<Void, any Error>>(.success(()))
        Task {
            do { try await body() } catch { outcome.withLock { $0 = .failure(error) } }
            done.signal()
        }
        done.wait()
        try outcome.withLock { $0 }.get()
    }

    private func isMigrated() throws(PostgresMigrationError) -> Bool {
        let known = try run("SELECT 1 FROM pg_class WHERE oid = to_regclass('schema_migrations')", [])
        return PostgresResult(storage: known).first != nil
    }

    /// The column `program` is younger than the table.
    private func applied() throws(PostgresMigrationError) -> [AppliedMigration] {
        let rows = try run(
            """
            SELECT version, name, checksum, to_jsonb(m)->>'program' AS program
            FROM schema_migrations m ORDER BY version
            """, [])
        do throws(PostgresError) {
            var applied: [AppliedMigration] = []
            for row in PostgresResult(storage: rows) {
                applied.append(
                    AppliedMigration(
                        version: try row.decode("version"), name: try row.decode("name"),
                        checksum: try row.decode("checksum"),
                        program: try row.decode("program", as: String?.self)))
            }
            return applied
        } catch {
            throw PostgresMigrationError("schema_migrations cannot be read: \(error.detail)")
        }
    }

    /// A failure leaves the transaction open. It ends with the connection, which the failure closes.
    private func apply(_ migration: Migration) throws(PostgresMigrationError) {
        try run("BEGIN")
        let result = connection.execute(migration.sql)
        if let result, result.status == .failed {
            let line = result.errorPosition.map { position in
                migration.sql.prefix(position).count { $0.isNewline } + 1
            }
            let place = line.map { "\(migration.file), line \($0)" } ?? migration.file
            throw PostgresMigrationError("\(place): \(result.error.detail)")
        }
        guard result != nil, connection.isInTransaction else {
            throw PostgresMigrationError("\(migration.file) ends the transaction it runs in: it must not COMMIT")
        }
        try run(
            "INSERT INTO schema_migrations (version, name, checksum, program) VALUES ($1::text::integer, $2, $3, nullif($4, ''))",
            [String(migration.version), migration.name, migration.checksum, program ?? ""])
        try run("COMMIT")
    }

    private func run(_ sql: String) throws(PostgresMigrationError) {
        try check(connection.execute(sql), sql)
    }

    @discardableResult
    private func run(_ sql: String, _ parameters: [String]) throws(PostgresMigrationError) -> PQResult {
        try check(connection.execute(sql, parameters), sql)
    }

    @discardableResult
    private func check(_ result: PQResult?, _ sql: String) throws(PostgresMigrationError) -> PQResult {
        guard let result, result.status == .tuples || result.status == .command else {
            let error = result?.error ?? connection.failure()
            throw PostgresMigrationError("the database refused “\(sql)”: \(error.detail)")
        }
        return result
    }
}
