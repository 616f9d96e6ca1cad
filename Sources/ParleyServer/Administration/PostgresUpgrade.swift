import CFiles
public import Foundation
import Glibc
public import Logging
import PostgresClient

/// Moves the private PostgreSQL to the newest installed version (pg_upgrade(1)). The old cluster stays until it is
/// confirmed that the new one works.
public enum PostgresUpgrade {
    /// - Returns: both versions, and where the old cluster is kept.
    /// - Throws: ``OperatorError`` if a server is running, if there is nothing to do, or if it fails. Then the old cluster is in
    ///   its place.
    public static func run(
        _ configuration: ServerConfiguration, logger: Logger, progress: (String) -> Void
    ) async throws -> (from: Int, to: Int, kept: URL) {
        let storage = try privateStorage(configuration)
        let lock = try StorageLock(storage)
        defer { withExtendedLifetime(lock) {} }
        let cluster = try PrivateCluster(storage: storage)
        let newest = try PrivateCluster.newestVersion()
        guard let version = cluster.version, version < newest else {
            throw OperatorError("the private PostgreSQL is of version \(newest) already, the newest that is installed")
        }
        let kept = keptDirectory(storage, version)
        guard !FileManager.default.fileExists(atPath: kept.path) else {
            throw OperatorError("\(kept.path) is kept already: parley postgres upgrade --confirm deletes it")
        }
        // A cluster is only upgraded after a clean stop.
        progress("starting and stopping PostgreSQL \(version)")
        let hasChecksums = try await EmbeddedPostgres.withDatabase(configuration, logger: logger) { connectionString in
            try await Administration.withClient(connectionString, logger: logger) { client in
                let rows = try await client.query("SELECT current_setting('data_checksums')::bool AS checksums")
                return try rows.first?.decode("checksums", as: Bool.self) ?? false
            }
        }
        progress("making a cluster of PostgreSQL \(newest)")
        let successor = try cluster.successor()
        try? FileManager.default.removeItem(at: successor.directory)
        // Both have to agree. The default has changed with version 18.
        let checksums = hasChecksums ? ["--data-checksums"] : newest >= 18 ? ["--no-data-checksums"] : []
        try await successor.prepare(options: checksums, logger: logger)
        try cluster.writeAuthentication()
        try successor.writeAuthentication()
        progress("copying (pg_upgrade)")
        try await cluster.upgrade(to: successor, log: storage.appending(path: "pg_upgrade.log"))
        sync()
        // In one step, so that there is a whole cluster in that place at any moment.
        guard cfiles_exchange(cluster.directory.path, successor.directory.path) == 0 else {
            throw OperatorError("\(cluster.directory.path) cannot be replaced: \(String(cString: strerror(errno)))")
        }
        try FileManager.default.moveItem(at: successor.directory, to: kept)
        progress("collecting statistics")
        try await EmbeddedPostgres.withDatabase(configuration, logger: logger) { connectionString in
            try await Administration.withClient(connectionString, logger: logger) { _ = try await $0.query("ANALYZE") }
        }
        return (version, newest, kept)
    }

    /// Deletes the clusters of older versions that were kept.
    /// - Returns: their directories.
    public static func confirm(_ configuration: ServerConfiguration) throws -> [URL] {
        let storage = try privateStorage(configuration)
        guard let version = try PrivateCluster(storage: storage).version else { return [] }
        let kept = (9..<version).map { keptDirectory(storage, $0) }
            .filter { FileManager.default.fileExists(atPath: $0.path) }
        for directory in kept { try FileManager.default.removeItem(at: directory) }
        return kept
    }

    private static func keptDirectory(_ storage: URL, _ version: Int) -> URL {
        storage.appending(path: "postgres.\(version)")
    }

    private static func privateStorage(_ configuration: ServerConfiguration) throws -> URL {
        guard configuration.databaseURL == nil else {
            throw OperatorError("DATABASE_URL: upgrade that PostgreSQL as its own documentation says")
        }
        try Administration.requireStorage(configuration)
        return configuration.storageDirectory
    }
}
