import ChatModel
import PostgresClient

/// How messages are read.
enum MessageTable {
    /// The columns from which `MessageStore.read` makes a message, but for its attachments and its card, which are read
    /// afterwards: `m` is the message's row, `s` its sender's.
    static let columns = columns { mark, condition in
        """
        (SELECT o.\(mark) FROM members o WHERE o.conversation_id = m.conversation_id AND \(condition)
            AND o.user_id <> m.sender_id ORDER BY o.\(mark) LIMIT 1)
        """
    }

    /// The same for messages of one conversation, `page`. Where the sender's mark is the lowest of all, that of others is the one
    /// after it. Nothing that is looked up depends on the message, so PostgreSQL looks once.
    static let pageColumns = columns { mark, condition in
        let members: PostgresQuery = "FROM members o WHERE o.conversation_id = page.id AND \(condition)"
        return """
            (ARRAY(SELECT o.\(mark) \(members) ORDER BY o.\(mark) LIMIT 2))[
                CASE WHEN (SELECT o.user_id \(members) ORDER BY o.\(mark) LIMIT 1) = m.sender_id THEN 2 ELSE 1 END]
            """
    }

    /// The messages of one conversation with their senders, for `pageColumns`. PostgreSQL takes `page` for a constant.
    static func page(of conversation: ConversationID) -> PostgresQuery {
        "(SELECT \(conversation)::uuid AS id) page JOIN messages m ON m.conversation_id = page.id \(sender)"
    }

    /// Reactions are looked up by a scalar subquery, which costs a step in an index where there are none. Their order is that
    /// of each emoji's first. `file_names` says whether there are attachments that were not removed.
    private static func columns(
        lowestOfOthers: (_ mark: PostgresQuery, _ condition: PostgresQuery) -> PostgresQuery
    ) -> PostgresQuery {
        """
        m.id, m.conversation_id, m.seq, m.revision, m.sender_id, s.username, s.display_name,
        CASE WHEN m.deleted_at IS NULL THEN m.text ELSE '' END AS text,
        CASE WHEN m.deleted_at IS NULL THEN m.mentions END AS mentions, m.mentions_all AND m.deleted_at IS NULL AS mentions_all,
        m.reply_to,
        CASE WHEN m.deleted_at IS NULL THEN ARRAY(
            SELECT r.emoji || ' ' || r.user_id FROM reactions r WHERE r.message_id = m.id
            ORDER BY r.created_at, r.emoji, r.user_id) END AS reactions,
        m.client_id, \(status(lowestOfOthers)) AS status, m.created_at, m.edited_at, m.deleted_at,
        \(hasAttachments("m")) AS has_attachments,
        m.deleted_at IS NULL AND strpos(m.text, '://') > 0
            AND coalesce((SELECT k.title IS NOT NULL FROM link_cards k WHERE k.message_id = m.id), false) AS has_card
        """
    }

    /// Whether a message is shown with attachments. Triggers keep `file_names`: the names of those that were not removed.
    static func hasAttachments(_ message: PostgresQuery) -> PostgresQuery {
        "\(message).deleted_at IS NULL AND \(message).file_names IS NOT NULL"
    }

    /// By the lowest marks of the members other than the sender: null where there are none. A mark takes a step or two in the
    /// index `members_read` or `members_delivered`, however large the group is. Closed accounts count only where there are no
    /// others; indexes of their own have them.
    private static func status(
        _ lowestOfOthers: (_ mark: PostgresQuery, _ condition: PostgresQuery) -> PostgresQuery
    ) -> PostgresQuery {
        """
        CASE
            WHEN \(lowestOfOthers("read_seq", "NOT o.closed")) >= m.seq THEN 'read'
            WHEN \(lowestOfOthers("delivered_seq", "NOT o.closed")) >= m.seq THEN 'delivered'
            WHEN \(lowestOfOthers("read_seq", "NOT o.closed")) IS NOT NULL THEN 'sent'
            WHEN \(lowestOfOthers("read_seq", "o.closed")) >= m.seq THEN 'read'
            WHEN \(lowestOfOthers("delivered_seq", "o.closed")) >= m.seq THEN 'delivered'
            ELSE 'sent'
        END
        """
    }

    /// Those members of a conversation whom names mention, as an array; null if there are none. Without names, nothing is
    /// read.
    /// - Parameters:
    ///   - names: An expression: the names with a blank between them, or null.
    ///   - conversation: The expression of its id.
    static func mentioned(_ names: PostgresQuery, in conversation: PostgresQuery) -> PostgresQuery {
        """
        CASE WHEN \(names) IS NOT NULL THEN (
            SELECT array_agg(p.id ORDER BY p.username) FROM users p
                JOIN members x ON x.user_id = p.id AND x.conversation_id = \(conversation)
            WHERE p.username = ANY(string_to_array(\(names), ' '))) END
        """
    }

    /// The message's sender, behind a `FROM` that has the message `m`.
    static let sender: PostgresQuery = "JOIN users s ON s.id = m.sender_id"
}
