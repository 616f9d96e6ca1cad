public import Chat
import ChatModel
import ChatStore
import Foundation
public import Logging
import Media
import NIOPosix
import ObjectStorage
import PostgresClient

extension Administration {
    /// Checks that database and files hold together. Without a repair it may run beside a server.
    /// - Parameter progress: called with what is looked at next.
    /// - Returns: what does not hold, or did not before the repair.
    public static func verify(
        _ configuration: ServerConfiguration, repair: Verification.Repair = .nothing, logger: Logger,
        progress: (String) -> Void
    ) async throws -> [Verification.Violation] {
        try requireStorage(configuration)
        guard repair != .nothing else {
            var lock = try? StorageLock(configuration.storageDirectory)
            defer { withExtendedLifetime(lock) {} }
            let isServerRunning = lock == nil
            // A private cluster's lock is taken with its start.
            if configuration.databaseURL == nil { lock = nil }
            return try await withClient(configuration, logger: logger) { client in
                let others = try await NodeStore(database: client).listIfKnown()
                return try await verify(
                    client, configuration, isServerRunning: isServerRunning || others.contains(where: \.isAlive),
                    logger: logger, progress: progress)
            }
        }
        let lock = try StorageLock(configuration.storageDirectory)
        defer { withExtendedLifetime(lock) {} }
        return try await EmbeddedPostgres.withDatabase(configuration, logger: logger) { connectionString in
            // With the server's settings, so that the audit log takes no repair for a moderator's act.
            var settings = PostgresConfiguration.parley(connectionString)
            settings.queryTimeout = commandSettings(connectionString).queryTimeout
            settings.lockTimeout = commandSettings(connectionString).lockTimeout
            return try await withClient(settings, logger: logger) { client in
                try await refuseOthers(client, configuration)
                return try await verify(
                    client, configuration, repair: repair, isServerRunning: false, logger: logger, progress: progress)
            }
        }
    }

    /// What another server is storing has files or objects before it has rows, and would be taken for what nobody needs.
    private static func refuseOthers(_ client: PostgresClient, _ configuration: ServerConfiguration) async throws {
        // The caller holds the lock of its own storage: the server there has ended, however it did.
        let own = NodeFiles.storage(configuration.storageDirectory)
        let living = try await NodeStore(database: client).listIfKnown()
            .filter { $0.isAlive && $0.description.storage != own }
        guard configuration.databaseURL != nil, let first = living.first else { return }
        let wait = (NodeTiming.death - first.silence).components.seconds + 1
        throw OperatorError(
            "\(living.count) other servers run on this database; stop them before a repair. If they were killed, try again "
                + "in \(wait) s")
    }

    static func verify(
        _ client: PostgresClient, _ configuration: ServerConfiguration, repair: Verification.Repair = .nothing,
        isServerRunning: Bool, logger: Logger, progress: (String) -> Void
    ) async throws -> [Verification.Violation] {
        let (stores, uploads) = (Stores(database: client), configuration.uploadsDirectory)
        if configuration.objectStore == nil, try await stores.orphans.hasContents(onDisk: false) {
            throw OperatorError("S3_ENDPOINT: files are in an object store; set it, with S3_BUCKET and the keys")
        }
        if !FileManager.default.fileExists(atPath: uploads.path), try await stores.orphans.hasContents(onDisk: true) {
            throw OperatorError("STORAGE_DIR: there is no \(uploads.path); is this the right directory?")
        }
        return try await withContents(configuration, logger: logger) { contents in
            try await Verification(stores: stores, contents: contents, isServerRunning: isServerRunning)
                .run(repair: repair, progress: progress)
        }
    }

    /// Runs `body` with the files, for a command.
    static func withContents<Value: Sendable>(
        _ configuration: ServerConfiguration, logger: Logger, _ body: (Contents) async throws -> Value
    ) async throws -> Value {
        let threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
        let store = configuration.objectStore.map { ObjectStore($0, logger: logger) }
        let result: Result<Value, any Error>
        do {
            let blobs = try BlobStore(
                directory: configuration.uploadsDirectory.resolvingSymlinksInPath().path, threads: threads)
            try await store?.requireAccess()
            let objects = store.map { ObjectContents($0, staging: blobs, cache: nil) }
            result = .success(try await body(Contents(disk: DiskContents(blobs), objects: objects)))
        } catch {
            result = .failure(error)
        }
        await store?.shutdown()
        try? await threads.shutdownGracefully()
        return try result.get()
    }
}

extension ServerConfiguration {
    /// The directory of all uploads' files.
    var uploadsDirectory: URL { storageDirectory.appending(path: "uploads") }
}
