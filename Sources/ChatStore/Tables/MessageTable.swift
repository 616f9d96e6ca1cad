import PostgresClient

/// How messages are read.
enum MessageTable {
    /// The columns from which `MessageStore.read` makes a message, and whether it has attachments, reactions and a card,
    /// which are read afterwards. As in `content`.
    static let columns: PostgresQuery = """
        \(content),
        m.deleted_at IS NULL
            AND coalesce((SELECT true FROM attachments a WHERE a.message_id = m.id LIMIT 1), false) AS has_attachments,
        m.deleted_at IS NULL
            AND coalesce((SELECT true FROM reactions r WHERE r.message_id = m.id LIMIT 1), false) AS has_reactions,
        m.deleted_at IS NULL AND strpos(m.text, '://') > 0
            AND coalesce((SELECT k.title IS NOT NULL FROM link_cards k WHERE k.message_id = m.id), false) AS has_card
        """

    /// What a message is without attachments and reactions: `m` is the message's row, `s` its sender's.
    ///
    /// `status` looks for a member, other than the sender, whose mark is before the message. That takes at most two
    /// steps in the index `members_read` or `members_delivered`, however large the group is. Closed accounts count only
    /// where there are no others; indexes of their own have them. Attachments and reactions
    /// are looked up by scalar subqueries: from an `EXISTS`, PostgreSQL may make a hash table of all there are.
    static let content: PostgresQuery = """
        m.id, m.conversation_id, m.seq, m.revision, m.sender_id, s.username, s.display_name,
        CASE WHEN m.deleted_at IS NULL THEN m.text ELSE '' END AS text,
        CASE WHEN m.deleted_at IS NULL THEN m.mentions END AS mentions, m.mentions_all AND m.deleted_at IS NULL AS mentions_all,
        m.reply_to, m.client_id, m.created_at, m.edited_at, m.deleted_at,
        CASE
            WHEN \(exists("NOT o.closed")) THEN \(status("NOT o.closed"))
            WHEN \(exists("o.closed")) THEN \(status("o.closed"))
            ELSE 'sent'
        END AS status
        """

    /// By the marks of those other members whom `condition` names. There are some.
    private static func status(_ condition: PostgresQuery) -> PostgresQuery {
        """
        CASE
            WHEN NOT \(exists("\(condition) AND o.read_seq < m.seq")) THEN 'read'
            WHEN NOT \(exists("\(condition) AND o.delivered_seq < m.seq")) THEN 'delivered'
            ELSE 'sent'
        END
        """
    }

    private static func exists(_ condition: PostgresQuery) -> PostgresQuery {
        """
        EXISTS (SELECT 1 FROM members o WHERE o.conversation_id = m.conversation_id AND \(condition)
            AND o.user_id <> m.sender_id)
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
