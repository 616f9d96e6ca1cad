import ChatModel
import PostgresClient

/// How a member's `Attention` is read from their row of `members`.
enum AttentionTable {
    /// What `attention(from:)` reads. A muting that has ended is none.
    /// - Parameter member: The row.
    static func columns(of member: PostgresQuery) -> PostgresQuery {
        """
        \(member).notifications, CASE WHEN \(member).muted_until > now() THEN \(member).muted_until END AS quiet_until,
        \(member).pinned, \(member).archived, \(member).marked_unread, \(member).attention_version
        """
    }

    /// The same, from a statement that returned them.
    static func returned(by statement: PostgresQuery) -> PostgresQuery {
        """
        \(statement).notifications, \(statement).quiet_until, \(statement).pinned, \(statement).archived,
        \(statement).marked_unread, \(statement).attention_version
        """
    }

    static func attention(from row: PostgresRow) throws -> Attention {
        Attention(
            notifications: try row["notifications"], mutedUntil: try row["quiet_until"], isPinned: try row["pinned"],
            isArchived: try row["archived"], isMarkedUnread: try row["marked_unread"],
            version: try row["attention_version"])
    }
}
