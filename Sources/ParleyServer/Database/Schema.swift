import Foundation
import Logging
import PostgresClient

/// Migrates a database's schema to the newest version.
enum Schema {
    /// Refuses a pooler that shares sessions: the server's settings, locks and notifications belong to a session.
    static func refuseSharedSessions(_ connectionString: String) async throws {
        // If the database cannot be reached at all, the migrator says why.
        guard (try? await PostgresClient.keepsSessions(connectionString)) != false else {
            throw OperatorError(
                "DATABASE_URL: leads to a pooler that shares sessions, such as PgBouncer with pool_mode = "
                    + "transaction; name PostgreSQL itself, or a pooler with pool_mode = session")
        }
    }

    /// - Parameter prepare: Called before anything is changed, while no other server migrates.
    static func migrate(
        _ connectionString: String, directory: URL, logger: Logger,
        prepare: @escaping @Sendable (PostgresMigrator.Outlook) async throws -> Void = { _ in }
    ) async throws {
        _ = try await migrator(directory).migrate(
            connectionString: connectionString, logger: logger, prepare: prepare)
    }

    /// What `migrate` would do.
    static func outlook(_ connectionString: String, directory: URL) async throws -> PostgresMigrator.Outlook {
        try await migrator(directory).outlook(connectionString: connectionString)
    }

    private static func migrator(_ directory: URL) -> PostgresMigrator {
        PostgresMigrator(directory: directory, program: Version.current)
    }
}
