public import Chat
import ChatStore
public import Foundation
import Glibc
public import Logging
import Media
import PostgresClient

extension Administration {
    private static let dumpName = "database.dump"
    private static let attempts = 3

    /// Writes database and files into `directory`, which must not exist. It appears when the backup is complete.
    ///
    /// A server may be running. Files never change once they have a name, and what is linked and dumped is what one
    /// snapshot of the database refers to. If a file was removed in between, another snapshot is taken. The signing
    /// secret is not included: a restored server makes a new one.
    /// - Returns: how many files it holds.
    public static func backUp(
        to directory: URL, _ configuration: ServerConfiguration, logger: Logger, progress: (String) -> Void
    ) async throws -> Int {
        let files = FileManager.default
        guard !files.fileExists(atPath: directory.path) else {
            throw OperatorError("\(directory.path) exists already; name a new directory")
        }
        let partial = directory.deletingLastPathComponent().appending(path: directory.lastPathComponent + ".partial")
        try? files.removeItem(at: partial)
        let target = partial.appending(path: "uploads")
        // Fails if another process has made the directory meanwhile.
        guard mkdir(partial.path, 0o700) == 0, mkdir(target.path, 0o700) == 0 else {
            throw OperatorError("\(partial.path) cannot be made: \(String(cString: strerror(errno)))")
        }
        return try await withDatabase(configuration, logger: logger) { connectionString in
            try? files.createDirectory(
                at: configuration.uploadsDirectory, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            let source = try ContentFiles(configuration.uploadsDirectory.resolvingSymlinksInPath())
            let copies = try ContentFiles(target)
            for _ in 1...attempts {
                guard
                    let count = try await backUp(
                        source, to: copies, dump: partial.appending(path: dumpName), connectionString, configuration,
                        logger: logger, progress: progress)
                else { continue }
                sync()
                try files.moveItem(at: partial, to: directory)
                return count
            }
            throw OperatorError("some files are missing in the storage; run parley verify")
        }
    }

    /// - Returns: how many files there are; nil if one of them is missing.
    private static func backUp(
        _ source: ContentFiles, to copies: ContentFiles, dump: URL, _ connectionString: String,
        _ configuration: ServerConfiguration, logger: Logger, progress: (String) -> Void
    ) async throws -> Int? {
        var settings = commandSettings(connectionString)
        // The snapshot belongs to this transaction, which is idle while files are linked and pg_dump starts.
        settings.idleTransactionTimeout = .seconds(24 * 3600)
        settings.sessionParameters = [
            "default_transaction_isolation": "repeatable read", "default_transaction_read_only": "on",
        ]
        return try await withClient(settings, logger: logger) { client in
            try await client.withTransaction { transaction in
                let rows = try await transaction.query("SELECT pg_export_snapshot() AS name")
                guard let snapshot = try rows.first?.decode("name", as: String.self) else { return nil }
                progress("linking or copying files")
                let count = try await withContents(configuration, logger: logger) { stored -> Int? in
                    var count = 0
                    for shard in BlobStore.shards {
                        let contents = try await StoredContent.list(shard: shard) { try await transaction.query($0) }
                        for content in contents {
                            guard try await take(content, from: source, stored, to: copies) else { return nil }
                        }
                        // Removes the files of an earlier attempt.
                        count += try copies.prune(shard: shard, keeping: Set(contents.flatMap(\.names)))
                    }
                    return count
                }
                guard let count else { return nil }
                progress("dumping the database")
                try await DatabaseProgram.run(
                    "pg_dump",
                    [
                        "--format=custom", "--no-owner", "--snapshot=\(snapshot)", "--file=\(dump.path)",
                        // Servers of this database, which a restored one has nothing to do with.
                        "--exclude-table-data=nodes", "--exclude-table-data=node_presence",
                        // Objects of this database, which a restored one must not delete.
                        "--exclude-table-data=upload_pieces", "--exclude-table-data=dropped_objects",
                    ],
                    connectionString, configuration)
                return count
            }
        }
    }

    /// - Returns: Whether the content's files are in the backup.
    private static func take(
        _ content: StoredContent, from source: ContentFiles, _ stored: Contents, to copies: ContentFiles
    ) async throws -> Bool {
        guard content.objectKey != nil else { return try copies.take(content, from: source, linking: true) }
        guard let objects = stored.objects else {
            throw OperatorError("S3_ENDPOINT: files are in an object store; set it, with S3_BUCKET and the keys")
        }
        return try await copies.fetch(content, from: objects)
    }

    /// Restores a backup into an empty server, migrates it if it is of an older version, and verifies it.
    /// - Returns: what does not hold.
    public static func restore(
        from directory: URL, _ configuration: ServerConfiguration, logger: Logger, progress: (String) -> Void
    ) async throws -> [Verification.Violation] {
        let dump = directory.appending(path: dumpName)
        guard (try? dump.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true else {
            throw OperatorError("\(directory.path) is no backup: there is no \(dumpName) in it")
        }
        let uploads = configuration.uploadsDirectory
        // A backup before an upgrade holds the database only, and the files are where they were.
        let hasFiles = FileManager.default.fileExists(atPath: directory.appending(path: "uploads").path)
        guard !hasFiles || holdsNothing(uploads) else {
            throw OperatorError("\(uploads.path) is not empty; a backup is restored into an empty server only")
        }
        return try await withDatabase(configuration, logger: logger, mayBegin: true) { connectionString in
            try await withClient(connectionString, logger: logger) { client in
                let tables = try await client.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1")
                guard tables.isEmpty else {
                    throw OperatorError("the database is not empty; a backup is restored into an empty one only")
                }
                // Roles belong to the cluster and are in no dump, but rights granted to them are.
                if try await client.query("SELECT 1 FROM pg_roles WHERE rolname = 'parley_moderator'").isEmpty {
                    try await client.query("CREATE ROLE parley_moderator NOLOGIN")
                }
            }
            progress("restoring the database")
            try await DatabaseProgram.run(
                "pg_restore",
                ["--no-owner", "--exit-on-error", "--single-transaction", "--dbname=", dump.path],
                connectionString, configuration)
            if hasFiles {
                progress("copying files")
                try await copy(
                    try ContentFiles(directory.appending(path: "uploads")), to: uploads, connectionString, logger)
            }
            try await Schema.refuseSharedSessions(connectionString)
            try await Schema.migrate(connectionString, directory: configuration.migrationsDirectory, logger: logger)
            return try await withClient(connectionString, logger: logger) { client in
                // They are on the disk now, wherever they were.
                if hasFiles { try await Stores(database: client).contentMoves.forgetKeys() }
                return try await verify(
                    client, configuration, isServerRunning: false, logger: logger, progress: progress)
            }
        }
    }

    /// Copies the files that the database refers to. `verify` finds those that are missing or wrong.
    private static func copy(
        _ backup: ContentFiles, to uploads: URL, _ connectionString: String, _ logger: Logger
    ) async throws {
        try FileManager.default.createDirectory(
            at: uploads, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let target = try ContentFiles(uploads.resolvingSymlinksInPath())
        try await withClient(connectionString, logger: logger) { client in
            for shard in BlobStore.shards {
                for content in try await StoredContent.list(shard: shard, { try await client.query($0) }) {
                    _ = try target.take(content, from: backup, linking: false)
                }
            }
        }
        sync()
    }

    /// Whether there are no files of uploads.
    private static func holdsNothing(_ uploads: URL) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: uploads.path)) ?? []
        return !names.contains { $0.utf8.count == 2 }
    }
}
