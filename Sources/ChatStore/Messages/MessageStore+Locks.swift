package import ChatModel
import PostgresClient

extension MessageStore {
    /// Finds the rows that somebody else has locked at the moment: a message that needs one of them would wait. Waits
    /// for none of them itself.
    package func locked(among rows: Set<LockedRow>, on lane: Int) async throws -> Set<LockedRow> {
        var conversations: [ConversationID] = []
        var users: [UserID] = []
        var messages: [MessageID] = []
        var uploads: [UploadID] = []
        for row in rows {
            switch row {
            case .conversation(let id): conversations.append(id)
            case .user(let id): users.append(id)
            case .message(let id): messages.append(id)
            case .upload(let id): uploads.append(id)
            }
        }
        let results = try await database.atomically(
            [
                // Nothing is changed, so nobody has to wait for the disk.
                "SELECT set_config('synchronous_commit', 'off', true)",
                Self.held(conversations, of: "conversations", for: "NO KEY UPDATE"),
                Self.held(users, of: "users", for: "KEY SHARE"), Self.held(messages, of: "messages", for: "KEY SHARE"),
                Self.held(uploads, of: "uploads", for: "KEY SHARE"),
            ], on: lane)
        return Set(
            try results[1].map { .conversation(try $0["id"]) } + results[2].map { .user(try $0["id"]) }
                + results[3].map { .message(try $0["id"]) } + results[4].map { .upload(try $0["id"]) })
    }

    private static func held<Entity>(
        _ ids: [ID<Entity>], of table: PostgresQuery, for strength: PostgresQuery
    ) -> PostgresQuery {
        """
        WITH free AS MATERIALIZED (
            SELECT id FROM \(table) WHERE id = ANY(\(ids)) FOR \(strength) SKIP LOCKED)
        SELECT id FROM \(table) WHERE id = ANY(\(ids)) AND id NOT IN (SELECT id FROM free)
        """
    }
}
