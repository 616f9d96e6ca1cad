public import PostgresClient

/// The clients of one database: each kind of work has connections of its own, so that none waits behind another.
public struct ChatDatabase: Sendable {
    /// Messages, marks, presence, and questions of which the cost is bounded; and people's changes.
    public let main: PostgresClient
    /// Searches of messages, people and groups.
    public let searches: PostgresClient
    /// What lists somebody's conversations or files: the more there are, the longer it takes.
    public let lists: PostgresClient

    public init(main: PostgresClient, searches: PostgresClient, lists: PostgresClient) {
        self.main = main
        self.searches = searches
        self.lists = lists
    }

    /// Waits for the first connection of each.
    public func start() async throws {
        for client in all { try await client.start() }
    }

    public func close() async {
        for client in all { await client.close() }
    }

    private var all: [PostgresClient] { [main, searches, lists] }
}
