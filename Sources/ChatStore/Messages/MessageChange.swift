package import ChatModel
import PostgresClient

/// The change of one message and its reactions. Lives as long as the transaction.
package struct MessageChange: Sendable {
    let id: MessageID
    let transaction: PostgresTransaction

    /// Locks what is to be changed, then reads it. The conversation is locked last, so that nobody's message to it waits
    /// while this waits for another row. Every change begins with it.
    package func lock(for user: UserID) async throws -> LockedMessage? {
        let results = try await transaction.queries([
            "SELECT 1 FROM users WHERE id = \(user) FOR KEY SHARE",
            "SELECT 1 FROM messages WHERE id = \(id) FOR NO KEY UPDATE",
            """
            SELECT 1 FROM conversations WHERE id = (SELECT conversation_id FROM messages WHERE id = \(id))
            FOR NO KEY UPDATE
            """,
            """
            SELECT m.conversation_id, m.sender_id, m.deleted_at IS NOT NULL AS deleted, m.text,
                EXISTS (SELECT 1 FROM attachments a WHERE a.message_id = m.id) AS has_attachments,
                (SELECT coalesce(sum(octet_length(a.alt)), 0) FROM attachments a WHERE a.message_id = m.id) AS alt_bytes,
                (SELECT k.picture_id FROM link_cards k WHERE k.message_id = m.id) AS card_picture,
                \(ConversationTable.membershipColumns(of: user))
            FROM messages m JOIN conversations c ON c.id = m.conversation_id LEFT JOIN users u ON u.id = \(user)
                LEFT JOIN members me ON me.conversation_id = m.conversation_id AND me.user_id = \(user)
            WHERE m.id = \(id)
            """,
        ])
        return try results[3].first.map { row in
            LockedMessage(
                conversation: try row["conversation_id"], sender: try row["sender_id"], isDeleted: try row["deleted"],
                text: try row["text"], hasAttachments: try row["has_attachments"], altBytes: try row["alt_bytes"],
                cardPicture: try row["card_picture"],
                membership: try ConversationTable.membership(from: row))
        }
    }

    /// - Returns: The conversation's revision after the change.
    package func edit(text: String) async throws -> Int {
        let revision = try await bump()
        let names = MentionedNames(in: text)
        try await transaction.query(
            """
            UPDATE messages m SET text = \(text), edited_at = now(), revision = \(revision),
                mentions = \(MessageTable.mentioned("\(names.joined)::text", in: "m.conversation_id")),
                mentions_all = \(names.areAll) AND EXISTS (SELECT 1 FROM members x
                    JOIN conversations c ON c.id = x.conversation_id AND c.kind = 'group'
                    WHERE x.conversation_id = m.conversation_id AND x.user_id = m.sender_id
                        AND x.role IN ('owner', 'admin'))
            WHERE m.id = \(id)
            """)
        return revision
    }

    /// Forgets the text, what was said about attachments, and the reactions. The row stays, so that `seq` has no gap.
    /// - Returns: The conversation's revision after the change.
    package func delete(by user: UserID) async throws -> Int {
        let revision = try await bump()
        try await transaction.query(
            """
            UPDATE messages SET text = '', deleted_at = now(), deleted_by = \(user), revision = \(revision)
            WHERE id = \(id)
            """)
        try await transaction.query("UPDATE attachments SET alt = NULL WHERE message_id = \(id) AND alt IS NOT NULL")
        try await transaction.query("DELETE FROM reactions WHERE message_id = \(id)")
        return revision
    }

    /// An older version stored each emoji as it was spelled. All spellings are one reaction.
    /// - Returns: The conversation's revision after the change; nil when nothing changed, because the reaction was there
    ///   already, or there was none to take back.
    package func react(emoji: String, by user: UserID, add: Bool) async throws -> Int? {
        let same: PostgresQuery = """
            message_id = \(id) AND user_id = \(user) AND replace(emoji, \("\u{FE0F}"), '') = \(Emoji.key(of: emoji))
            """
        let rows = try await transaction.query(
            add
                ? """
                INSERT INTO reactions (message_id, emoji, user_id) SELECT \(id), \(emoji), \(user)
                WHERE NOT EXISTS (SELECT FROM reactions WHERE \(same)) RETURNING 1
                """
                : "DELETE FROM reactions WHERE \(same) RETURNING 1")
        return rows.isEmpty ? nil : try await touch()
    }

    /// How many reactions of each emoji there are.
    package func reactionCounts() async throws -> [String: Int] {
        let rows = try await transaction.query(
            "SELECT emoji, count(*) AS count FROM reactions WHERE message_id = \(id) GROUP BY emoji")
        return Dictionary(
            try rows.map { row in
                let emoji: String = try row["emoji"]
                return (Emoji.canonical(emoji) ?? emoji, try row.decode("count", as: Int.self))
            },
            uniquingKeysWith: +)
    }

    /// Reports the new text to the moderators: the word filter found these patterns in it.
    package func report(patterns: [String]) async throws {
        try await transaction.query(ReportTable.insert([(id, patterns)]))
    }

    /// Gives the message a new revision, because something that belongs to it changed.
    /// - Returns: The conversation's revision after the change.
    func touch() async throws -> Int {
        let revision = try await bump()
        try await transaction.query("UPDATE messages SET revision = \(revision) WHERE id = \(id)")
        return revision
    }

    /// - Returns: The conversation's revision after the change.
    private func bump() async throws -> Int {
        let rows = try await transaction.query(
            ConversationTable.bump(where: "c.id = (SELECT conversation_id FROM messages WHERE id = \(id))"))
        guard let row = rows.first else { throw ChatError.notFound("message") }
        return try row["revision"]
    }
}
