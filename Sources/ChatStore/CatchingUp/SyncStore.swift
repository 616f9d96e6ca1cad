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

    /// The user's conversations, latest activity first, without those that are hidden from them.
    package func revisions(of user: UserID) async throws -> [Revision] {
        try await database.query(
            """
            SELECT c.id, c.revision FROM members me JOIN conversations c ON c.id = me.conversation_id
            WHERE me.user_id = \(user) AND \(ConversationTable.isShown(to: "me.user_id"))
            ORDER BY c.active_at DESC, c.id DESC
            """
        ).map { Revision(id: try $0["id"], revision: try $0["revision"]) }
    }

    package func now() async throws -> SyncCursor {
        guard let row = try await database.query("SELECT \(Moment.columns)").first else { throw ChatError.unavailable }
        return try Moment.cursor(from: row)
    }

    /// The marks that moved past `position`, in the order in which it goes on: the user's own in all conversations, also
    /// where only their attention changed, and others' in small ones. No index helps here: each mark would have to keep it.
    package func marks(
        for user: UserID, past position: SyncCursor.MarkPosition, limit: Int
    ) async throws -> [(marks: MemberMarks, position: SyncCursor.MarkPosition)] {
        let rows = try await database.query(
            """
            SELECT me.conversation_id, me.user_id, me.delivered_seq, me.read_seq, me.moved,
                CASE WHEN me.user_id = \(user) THEN \(ConversationTable.others(past: "read_seq")) END AS unread,
                CASE WHEN me.user_id = \(user) THEN \(ConversationTable.unreadMentions) END AS unread_mentions,
                own.user_id IS NOT NULL AS is_own, \(AttentionTable.columns(of: "own"))
            FROM (
                SELECT near.conversation_id, near.user_id, near.delivered_seq, near.read_seq, x.moved
                FROM (\(Self.membersNear(user))) near
                    CROSS JOIN LATERAL (SELECT greatest(
                        \(Moment.number(of: "near.marked_xid")), \(Moment.number(of: "near.attention_xid"))) AS moved) x
                WHERE (x.moved, near.conversation_id, near.user_id)
                    > (\(position.transaction), \(position.conversation), \(position.user))
                ORDER BY x.moved, near.conversation_id, near.user_id LIMIT \(limit)
            ) me JOIN conversations c ON c.id = me.conversation_id
                LEFT JOIN members own ON own.conversation_id = me.conversation_id AND own.user_id = me.user_id
                    AND me.user_id = \(user)
            ORDER BY me.moved, me.conversation_id, me.user_id
            """)
        return try rows.map { row in
            let marks = MemberMarks(
                conversation: try row["conversation_id"], user: try row["user_id"],
                deliveredSeq: try row["delivered_seq"], readSeq: try row["read_seq"], unreadCount: try row["unread"],
                unreadMentions: try row["unread_mentions"],
                attention: try row.decode("is_own", as: Bool.self) ? try AttentionTable.attention(from: row) : nil)
            let position = SyncCursor.MarkPosition(
                transaction: try row["moved"], conversation: marks.conversation, user: marks.user)
            return (marks, position)
        }
    }

    /// The user's own rows, and all rows of small conversations. Of a large one, no more are read than it takes to see
    /// that it is large. Others' attention never counts.
    private static func membersNear(_ user: UserID) -> PostgresQuery {
        """
        SELECT m.conversation_id, m.user_id, m.delivered_seq, m.read_seq, m.marked_xid, m.attention_xid
        FROM members m JOIN conversations c ON c.id = m.conversation_id
        WHERE m.user_id = \(user) AND \(ConversationTable.isShown(to: "m.user_id"))
        UNION ALL
        SELECT o.conversation_id, o.user_id, o.delivered_seq, o.read_seq, o.marked_xid, o.marked_xid
        FROM members m JOIN conversations c ON c.id = m.conversation_id CROSS JOIN LATERAL (
            SELECT few.*, count(*) OVER () AS size FROM (
                SELECT * FROM members f WHERE f.conversation_id = m.conversation_id LIMIT \(GroupSize.small + 1)
            ) few
        ) o
        WHERE m.user_id = \(user) AND \(ConversationTable.isShown(to: "m.user_id"))
            AND o.user_id <> m.user_id AND o.size <= \(GroupSize.small)
        """
    }

    /// How many messages of others have not been delivered to each user, by conversation.
    package func undelivered(to users: [UserID]) async throws -> [UserID: [ConversationID: Int]] {
        let rows = try await database.query(
            """
            SELECT me.user_id, me.conversation_id, \(ConversationTable.others(past: "delivered_seq")) AS count
            FROM members me JOIN conversations c ON c.id = me.conversation_id AND c.last_seq > me.delivered_seq
            WHERE me.user_id = ANY(\(users)) AND \(ConversationTable.isShown(to: "me.user_id"))
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
                    WHERE me.user_id = \(user) AND \(ConversationTable.isShown(to: "me.user_id"))
                    ORDER BY age, past.conversation_id, past.seq LIMIT \(limit)
                ) oldest JOIN messages m ON m.id = oldest.id \(MessageTable.sender)
                ORDER BY oldest.age, m.conversation_id, m.seq
                """))
    }
}
