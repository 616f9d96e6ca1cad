public import PostgresClient

/// The clients of one database. Each kind of work has its own connections, so that none waits for another.
public struct ChatDatabase: Sendable {
    /// For messages, marks, presence, changes, and queries whose cost is bounded.
    public let main: PostgresClient
    /// For searches of messages, people and groups.
    public let searches: PostgresClient
    /// For lists of somebody's conversations: the more there are, the longer a query takes.
    public let lists: PostgresClient

    public init(main: PostgresClient, searches: PostgresClient, lists: PostgresClient) {
        self.main = main
        self.searches = searches
        self.lists = lists
    }

    /// Waits for the first connection of each client.
    public func start() async throws {
        for client in all { try await client.start() }
    }

    public func close() async {
        for client in all { await client.close() }
    }

    private var all: [PostgresClient] { [main, searches, lists] }
}
