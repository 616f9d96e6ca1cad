import Foundation
import Logging
import PostgresClient

/// Brings a database's schema up to the files.
enum Schema {
    /// Refuses a pooler that shares sessions: the server's settings, locks and notifications belong to a session.
    static func refuseSharedSessions(_ connectionString: String) async throws {
        // Where the database cannot be reached at all, the migrator says why.
        guard (try? await PostgresClient.keepsSessions(connectionString)) != false else {
            throw ServerConfiguration.Invalid(
                description: "DATABASE_URL: leads to a pooler that shares sessions, such as PgBouncer with pool_mode = "
                    + "transaction; name PostgreSQL itself, or a pooler with pool_mode = session")
        }
    }

    static func migrate(_ connectionString: String, directory: URL, logger: Logger) async throws {
        _ = try await PostgresMigrator(directory: directory).migrate(connectionString: connectionString, logger: logger)
    }
}
