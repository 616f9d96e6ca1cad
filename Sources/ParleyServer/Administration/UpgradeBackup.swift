import Foundation
import Glibc
import Logging
import PostgresClient
import Synchronization

/// Saves the database before its schema is changed, so that an upgrade can be taken back.
///
/// The dump is `STORAGE_DIR/backups/before-VERSION/database.dump`, for pg_restore(1). It is of the whole database where that
/// fits on the disk, else of the schema and of the tables that the migrations name. Files of uploads are never changed by
/// an upgrade.
enum UpgradeBackup {
    /// How much of a database has to be saved.
    enum Extent: Equatable {
        case whole
        /// The schema, and the content of these tables.
        case tables([String])
    }

    /// Migrates a database, and saves it before.
    static func migrate(
        _ connectionString: String, _ configuration: ServerConfiguration, logger: Logger
    ) async throws {
        let migrations = configuration.migrationsDirectory
        let saved = Mutex<(directory: URL, applied: Int)?>(nil)
        do {
            try await Schema.migrate(connectionString, directory: migrations, logger: logger) { outlook in
                guard outlook.applied > 0 else { return }
                let directory = try await make(outlook, connectionString, configuration, logger: logger)
                saved.withLock { $0 = (directory, outlook.applied) }
            }
        } catch {
            // Nothing was changed, and the next start saves it again. Restarts must not fill the disk.
            if let saved = saved.withLock({ $0 }),
                let now = try? await Schema.outlook(connectionString, directory: migrations),
                now.applied == saved.applied
            {
                try? FileManager.default.removeItem(at: saved.directory)
            }
            throw error
        }
    }

    /// - Returns: where the backup is.
    /// - Throws: ``OperatorError`` if there is no room, or if it cannot be saved.
    private static func make(
        _ outlook: PostgresMigrator.Outlook, _ connectionString: String, _ configuration: ServerConfiguration,
        logger: Logger
    ) async throws -> URL {
        let sizes = try await Administration.withClient(connectionString, logger: logger) { client in
            try await client.query(
                """
                SELECT relname AS name, pg_total_relation_size(oid) AS bytes FROM pg_class
                WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                """
            ).map { (name: try $0.decode("name", as: String.self), bytes: try $0.decode("bytes", as: Int.self)) }
        }
        let storage = configuration.storageDirectory
        // Where the database is elsewhere, `parley migrate` may be the first to need it.
        try FileManager.default.createDirectory(
            at: storage, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let room = try freeBytes(storage)
        guard let extent = extent(sizes, sql: outlook.pending.map(\.sql), room: room) else {
            throw OperatorError(
                """
                the schema has to be upgraded (\(outlook.pending.map(\.file).joined(separator: ", "))), and \(storage.path) \
                has no room for a backup before that: make room, or do without: parley migrate --no-backup
                """)
        }
        let directory = try place(in: storage.appending(path: "backups"))
        logger.notice(
            "saving the database before its schema is upgraded",
            metadata: ["directory": "\(directory.path)", "extent": "\(extent)"])
        let partial = directory.appendingPathExtension("partial")
        try? FileManager.default.removeItem(at: partial)
        try FileManager.default.createDirectory(
            at: partial, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        do {
            for (name, arguments) in dumps(extent) {
                try await DatabaseProgram.run(
                    "pg_dump",
                    ["--format=custom", "--no-owner", "--file=\(partial.appending(path: name).path)"] + arguments,
                    connectionString, configuration)
            }
        } catch {
            try? FileManager.default.removeItem(at: partial)
            throw OperatorError(
                """
                the database could not be saved before its schema is upgraded: \(error). Install PostgreSQL's programs of the \
                database's version, or do without: parley migrate --no-backup
                """)
        }
        sync()
        try FileManager.default.moveItem(at: partial, to: directory)
        logger.notice("the database is saved", metadata: ["directory": "\(directory.path)"])
        return directory
    }

    /// What fits into half of the free room: dumps are compressed, and the migrations need room as well.
    /// - Returns: nil if nothing does.
    static func extent(_ tables: [(name: String, bytes: Int)], sql: [String], room: Int) -> Extent? {
        if tables.reduce(0, { $0 + $1.bytes }) <= room / 2 { return .whole }
        let words = Set(sql.flatMap { $0.split { !$0.isLetter && !$0.isNumber && $0 != "_" } }.map { $0.lowercased() })
        let touched = tables.filter { words.contains($0.name) }
        guard touched.reduce(0, { $0 + $1.bytes }) <= room / 2 else { return nil }
        return .tables(touched.map(\.name).sorted())
    }

    /// Files and the arguments that make them.
    private static func dumps(_ extent: Extent) -> [(name: String, arguments: [String])] {
        switch extent {
        case .whole: [("database.dump", [])]
        case .tables(let names):
            [("schema.dump", ["--schema-only"])]
                + (names.isEmpty ? [] : [("tables.dump", ["--data-only"] + names.map { "--table=public.\($0)" })])
        }
    }

    /// A directory that does not exist yet: an earlier backup is never replaced.
    private static func place(in backups: URL) throws -> URL {
        let name = "before-\(Version.current)"
        for number in 1... {
            let place = backups.appending(path: number == 1 ? name : "\(name).\(number)")
            if !FileManager.default.fileExists(atPath: place.path) { return place }
        }
        preconditionFailure("the numbers do not end")
    }

    private static func freeBytes(_ directory: URL) throws -> Int {
        var status = statvfs()
        guard statvfs(directory.path, &status) == 0 else {
            throw OperatorError("STORAGE_DIR: \(directory.path): \(String(cString: strerror(errno)))")
        }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }
}
