public import Foundation
import Glibc
public import Logging
import PostgresClient

extension Operations {
    private static let dumpName = "database.dump"
    private static let attempts = 3

    /// Writes database and files into `directory`, which must not exist; it appears when the backup is whole.
    ///
    /// A server may be running: files never change once they have a name, and are linked before the database is dumped,
    /// and after it once more, so that those of the dump are all there. The one that was removed in between is noticed,
    /// and the backup made again. The signing secret is no part of it: a restored server makes a new one.
    /// - Returns: how many files it holds.
    public static func backUp(
        to directory: URL, _ configuration: ServerConfiguration, logger: Logger, progress: (String) -> Void
    ) async throws -> Int {
        let files = FileManager.default
        guard !files.fileExists(atPath: directory.path) else {
            throw Refused(description: "\(directory.path) exists already; name a new directory")
        }
        let partial = directory.deletingLastPathComponent().appending(path: directory.lastPathComponent + ".partial")
        do {
            try? files.removeItem(at: partial)
            try files.createDirectory(
                at: partial.appending(path: "uploads"), withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw Refused(description: "\(partial.path) cannot be made: \(error.localizedDescription)")
        }
        return try await withDatabase(configuration, logger: logger) { connectionString in
            let source = configuration.uploadsDirectory
            let target = partial.appending(path: "uploads")
            for _ in 1...attempts {
                progress("linking or copying files")
                try link(source, into: target)
                progress("dumping the database")
                try await runProgram(
                    "pg_dump",
                    ["--format=custom", "--no-owner", "--file=\(partial.appending(path: dumpName).path)"],
                    connectionString, configuration)
                progress("linking or copying the files that have come meanwhile")
                try link(source, into: target)
                let missing = try await withClient(connectionString, logger: logger) { client in
                    try await missingFiles(client, uploads: target)
                }
                guard !missing.isEmpty else {
                    sync()
                    try files.moveItem(at: partial, to: directory)
                    return try count(directory.appending(path: "uploads"))
                }
            }
            throw Refused(description: "some files are missing in the storage; run parley verify")
        }
    }

    /// Brings a backup into an empty server, migrates it if it is of an older version, and verifies it.
    /// - Returns: what does not hold.
    public static func restore(
        from directory: URL, _ configuration: ServerConfiguration, logger: Logger, progress: (String) -> Void
    ) async throws -> [Violation] {
        let files = FileManager.default
        let dump = directory.appending(path: dumpName)
        guard files.isReadableFile(atPath: dump.path) else {
            throw Refused(description: "\(directory.path) is no backup: there is no \(dumpName) in it")
        }
        let uploads = configuration.uploadsDirectory
        guard try count(uploads) == 0 else {
            throw Refused(description: "\(uploads.path) is not empty; a backup is restored into an empty server only")
        }
        return try await withDatabase(configuration, logger: logger, mayBegin: true) { connectionString in
            try await withClient(connectionString, logger: logger) { client in
                let tables = try await client.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1")
                guard tables.isEmpty else {
                    throw Refused(description: "the database is not empty; a backup is restored into an empty one only")
                }
                // Roles belong to the cluster and are in no dump, but rights given to them are.
                if try await client.query("SELECT 1 FROM pg_roles WHERE rolname = 'parley_moderator'").isEmpty {
                    try await client.query("CREATE ROLE parley_moderator NOLOGIN")
                }
            }
            progress("restoring the database")
            try await runProgram(
                "pg_restore",
                ["--no-owner", "--exit-on-error", "--single-transaction", "--dbname=", dump.path],
                connectionString, configuration)
            progress("copying files")
            try link(directory.appending(path: "uploads"), into: uploads, copying: true)
            try await Schema.migrate(connectionString, directory: configuration.migrationsDirectory, logger: logger)
            return try await withClient(connectionString, logger: logger) { client in
                try await verify(client, uploads: uploads, progress: progress)
            }
        }
    }

    /// Gives every stored file of `source` a name in `target` that it does not have there yet: a hard link, or a copy
    /// where there can be none. What is still being received stays out.
    private static func link(_ source: URL, into target: URL, copying: Bool = false) throws {
        let files = FileManager.default
        for first in names(source) where first.utf8.count == 2 {
            for second in names(source.appending(path: first)) {
                let shard = "\(first)/\(second)"
                let directory = target.appending(path: shard)
                try files.createDirectory(
                    at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
                for name in names(source.appending(path: shard)) {
                    let from = source.appending(path: "\(shard)/\(name)")
                    let to = directory.appending(path: name)
                    if files.fileExists(atPath: to.path) { continue }
                    if !copying, Glibc.link(from.path, to.path) == 0 { continue }
                    do {
                        try files.copyItem(at: from, to: to)
                    } catch CocoaError.fileReadNoSuchFile, CocoaError.fileNoSuchFile {
                        continue  // Removed meanwhile; whether it is missed is checked at the end.
                    }
                }
            }
        }
    }

    private static func names(_ directory: URL) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    }

    private static func count(_ uploads: URL) throws -> Int {
        var count = 0
        for first in names(uploads) where first.utf8.count == 2 {
            for second in names(uploads.appending(path: first)) {
                count += names(uploads.appending(path: "\(first)/\(second)")).count
            }
        }
        return count
    }

    /// Runs one of PostgreSQL's programs on a database; what it complains of is the error.
    private static func runProgram(
        _ name: String, _ arguments: [String], _ connectionString: String, _ configuration: ServerConfiguration
    ) async throws {
        guard var environment = PostgresConfiguration.environment(of: connectionString) else {
            throw Refused(description: "DATABASE_URL: not a PostgreSQL URL or connection string")
        }
        environment["PATH"] = "/usr/bin:/bin"
        environment["LC_ALL"] = "C.UTF-8"
        // Of the version that made the private cluster; of the newest for any other server.
        let program = try PrivateCluster(storage: configuration.storageDirectory).programs.appending(path: name).path
        var arguments = arguments
        if let place = arguments.firstIndex(of: "--dbname=") {
            arguments[place] += environment["PGDATABASE"] ?? "parley"
        }
        let messages = FileManager.default.temporaryDirectory.appending(path: "parley-\(UUID().uuidString)")
        let log = open(messages.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer {
            close(log)
            close(null)
            unlink(messages.path)
        }
        let process = try ChildProcess(
            [program] + arguments, environment: environment, descriptors: [0: null, 1: null, 2: log])
        guard await process.waitForExit() == 0 else {
            let text = (try? String(contentsOf: messages, encoding: .utf8)) ?? ""
            throw Refused(description: "\(name): \(text.split(separator: "\n").first ?? "failed")")
        }
    }
}
