import ChatStore
import Logging
import PostgresClient

extension ChatDatabase {
    /// Runs `body` with connections to the database, and closes them whatever becomes of it.
    static func withConnections(
        to connectionString: String, _ concurrency: Concurrency, logger: Logger,
        _ body: (ChatDatabase) async throws -> Void
    ) async throws {
        let database = ChatDatabase(
            main: try PostgresClient(configuration: .parley(connectionString, concurrency), logger: logger),
            searches: try PostgresClient(configuration: .searches(connectionString), logger: logger),
            lists: try PostgresClient(configuration: .lists(connectionString), logger: logger))
        do {
            try await database.start()
            try await body(database)
        } catch {
            await database.close()
            throw error
        }
        await database.close()
    }
}
