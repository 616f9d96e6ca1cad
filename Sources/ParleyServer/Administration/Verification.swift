public import Chat
import ChatStore
import Foundation
public import Logging
import Media
import NIOPosix
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
        let uploads = configuration.uploadsDirectory
        guard repair != .nothing else {
            var lock = try? StorageLock(configuration.storageDirectory)
            defer { withExtendedLifetime(lock) {} }
            let isServerRunning = lock == nil
            // A private cluster's lock is taken with its start.
            if configuration.databaseURL == nil { lock = nil }
            return try await withClient(configuration, logger: logger) { client in
                try await verify(client, uploads: uploads, isServerRunning: isServerRunning, progress: progress)
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
                try await verify(client, uploads: uploads, repair: repair, isServerRunning: false, progress: progress)
            }
        }
    }

    static func verify(
        _ client: PostgresClient, uploads: URL, repair: Verification.Repair = .nothing, isServerRunning: Bool,
        progress: (String) -> Void
    ) async throws -> [Verification.Violation] {
        let stores = Stores(database: client)
        if !FileManager.default.fileExists(atPath: uploads.path), try await stores.orphans.hasContents() {
            throw OperatorError("STORAGE_DIR: there is no \(uploads.path); is this the right directory?")
        }
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        do {
            let verification = Verification(
                stores: stores, blobs: try BlobStore(directory: uploads.path, threads: threads),
                isServerRunning: isServerRunning)
            let violations = try await verification.run(repair: repair, progress: progress)
            try await threads.shutdownGracefully()
            return violations
        } catch {
            try? await threads.shutdownGracefully()
            throw error
        }
    }
}

extension ServerConfiguration {
    /// The directory of all uploads' files.
    var uploadsDirectory: URL { storageDirectory.appending(path: "uploads") }
}
