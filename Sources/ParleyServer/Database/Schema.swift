import Foundation
import Logging
import PostgresClient

/// Brings a database's schema up to the files.
enum Schema {
    static func migrate(_ connectionString: String, directory: URL, logger: Logger) async throws {
        _ = try await PostgresMigrator(directory: directory).migrate(connectionString: connectionString, logger: logger)
    }
}
