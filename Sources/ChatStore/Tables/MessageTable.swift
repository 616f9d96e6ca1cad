import PostgresClient

/// How messages are read.
enum MessageTable {
    /// The columns from which `MessageStore.read` makes a message: `m` is the message's row, `s` its sender's.
    ///
    /// `status` looks for a member, other than the sender, whose mark is before the message. That takes at most two
    /// steps in the index `members_read` or `members_delivered`, however large the group is. Attachments and reactions
    /// are looked up by scalar subqueries: from an `EXISTS`, PostgreSQL may make a hash table of all there are.
    static let columns: PostgresQuery = """
        m.id, m.conversation_id, m.seq, m.revision, m.sender_id, s.username, s.display_name,
        CASE WHEN m.deleted_at IS NULL THEN m.text ELSE '' END AS text,
        m.reply_to, m.client_id, m.created_at, m.edited_at, m.deleted_at,
        m.deleted_at IS NULL
            AND coalesce((SELECT true FROM attachments a WHERE a.message_id = m.id LIMIT 1), false) AS has_attachments,
        m.deleted_at IS NULL
            AND coalesce((SELECT true FROM reactions r WHERE r.message_id = m.id LIMIT 1), false) AS has_reactions,
        CASE
            WHEN NOT EXISTS (SELECT 1 FROM members o WHERE o.conversation_id = m.conversation_id
                AND o.user_id <> m.sender_id) THEN 'sent'
            WHEN NOT EXISTS (SELECT 1 FROM members o WHERE o.conversation_id = m.conversation_id
                AND o.read_seq < m.seq AND o.user_id <> m.sender_id) THEN 'read'
            WHEN NOT EXISTS (SELECT 1 FROM members o WHERE o.conversation_id = m.conversation_id
                AND o.delivered_seq < m.seq AND o.user_id <> m.sender_id) THEN 'delivered'
            ELSE 'sent'
        END AS status
        """

    /// The message's sender, behind a `FROM` that has the message `m`.
    static let sender: PostgresQuery = "JOIN users s ON s.id = m.sender_id"
}
