package import ChatModel
import PostgresClient

/// The SQL of what a device has missed.
package struct SyncStore: Sendable {
    let database: PostgresClient
    package let messages: MessageStore

    /// A conversation and its change counter.
    package struct Revision: Sendable {
        package var id: ConversationID
        package var revision: Int
    }

    /// The user's conversations, latest activity first.
    package func revisions(of user: UserID) async throws -> [Revision] {
        try await database.query(
            """
            SELECT c.id, c.revision FROM members me JOIN conversations c ON c.id = me.conversation_id
            WHERE me.user_id = \(user) ORDER BY c.active_at DESC, c.id DESC
            """
        ).map { Revision(id: try $0["id"], revision: try $0["revision"]) }
    }

    /// How many messages of others have not been delivered to each user, by conversation.
    package func undelivered(to users: [UserID]) async throws -> [UserID: [ConversationID: Int]] {
        let rows = try await database.query(
            """
            SELECT me.user_id, me.conversation_id, \(ConversationTable.others(past: "delivered_seq")) AS count
            FROM members me JOIN conversations c ON c.id = me.conversation_id AND c.last_seq > me.delivered_seq
            WHERE me.user_id = ANY(\(users))
            """)
        var undelivered: [UserID: [ConversationID: Int]] = [:]
        for row in rows {
            let count: Int = try row[2]
            if count > 0 {
                undelivered[try row[0], default: [:]][try row[1]] = count
            }
        }
        return undelivered
    }

    /// The oldest messages that have not been delivered to the user, each conversation's in the order of `seq`. A message
    /// counts as no older than those before it, in case the clock was set back.
    package func oldestUndelivered(to user: UserID, limit: Int) async throws -> [Message] {
        try await messages.read(
            database.query(
                """
                SELECT \(MessageTable.columns) FROM (
                    SELECT past.id, max(past.created_at) OVER (PARTITION BY past.conversation_id ORDER BY past.seq) AS age
                    FROM members me
                        JOIN conversations c ON c.id = me.conversation_id AND c.last_seq > me.delivered_seq
                        CROSS JOIN LATERAL (
                            SELECT x.id, x.conversation_id, x.seq, x.created_at FROM messages x
                            WHERE x.conversation_id = me.conversation_id AND x.seq > me.delivered_seq
                                AND x.sender_id <> me.user_id AND x.deleted_at IS NULL
                            ORDER BY x.seq LIMIT \(limit)
                        ) past
                    WHERE me.user_id = \(user)
                    ORDER BY age, past.conversation_id, past.seq LIMIT \(limit)
                ) oldest JOIN messages m ON m.id = oldest.id \(MessageTable.sender)
                ORDER BY oldest.age, m.conversation_id, m.seq
                """))
    }
}
