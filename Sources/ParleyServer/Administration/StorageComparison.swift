import Chat
import ChatModel
import ChatStore
public import Logging
import Media
import NIOPosix
import PostgresClient

extension Administration {
    /// Compares the files with the database, and says on standard output what differs.
    /// - Returns: whether all is well.
    public static func checkStorage(
        _ configuration: ServerConfiguration, repair: Bool, logger: Logger
    ) async throws -> Bool {
        // A running server moves files and rows, in this order, and one after the other.
        let lock = try StorageLock(configuration.storageDirectory)
        defer { withExtendedLifetime(lock) {} }
        let files = NIOThreadPool(numberOfThreads: 1)
        files.start()
        do {
            let blobs = try BlobStore(directory: MediaConfiguration.parley(configuration).directory, threads: files)
            let (contents, findings) = try await EmbeddedPostgres.withDatabase(configuration, logger: logger) {
                // As the server: what is repaired is no moderator's act.
                try await withClient(.parley($0), logger: logger) { database in
                    try await StorageCheck(stores: Stores(database: database), blobs: blobs).run(repair: repair)
                }
            }
            try await files.shutdownGracefully()
            for finding in findings { print(finding) }
            print("\(contents) files in the database, \(findings.count) differences\(repair ? ", repaired" : "")")
            return findings.isEmpty || repair
        } catch {
            try? await files.shutdownGracefully()
            throw error
        }
    }
}
