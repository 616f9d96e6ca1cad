import PostgresClient

/// The rules that hold in every database at every moment, each with the query that finds what breaks it.
package struct InvariantStore: Sendable {
    let database: PostgresClient

    package struct Invariant: Sendable {
        /// The rule, in one sentence.
        package let rule: String
        /// One row for each violation, its `subject` being the id of what breaks the rule.
        let violations: PostgresQuery
    }

    /// - Returns: the ids of what breaks the rule.
    package func violations(of invariant: Invariant) async throws -> [String] {
        try await database.query(invariant.violations).map { try $0["subject"] }
    }

    package static let invariants = [
        Invariant(
            rule: "a conversation's seq runs from 1 to last_seq without a gap",
            violations: """
                SELECT c.id::text AS subject FROM conversations c LEFT JOIN messages m ON m.conversation_id = c.id
                GROUP BY c.id HAVING count(m.id) <> c.last_seq OR coalesce(max(m.seq), 0) <> c.last_seq
                """),
        Invariant(
            rule: "no message's revision is beyond its conversation's",
            violations: """
                SELECT m.id::text AS subject FROM messages m JOIN conversations c ON c.id = m.conversation_id
                WHERE m.revision > c.revision
                """),
        Invariant(
            rule: "nobody has read or received beyond last_seq",
            violations: """
                SELECT c.id::text || '/' || b.user_id::text AS subject
                FROM members b JOIN conversations c ON c.id = b.conversation_id WHERE b.delivered_seq > c.last_seq
                """),
        Invariant(
            rule: "no conversation is hidden beyond last_seq",
            violations: """
                SELECT c.id::text AS subject FROM conversations c
                WHERE greatest(c.hidden_low_seq, c.hidden_high_seq) > c.last_seq
                """),
        Invariant(
            rule: "a direct conversation has its two members",
            violations: """
                SELECT c.id::text AS subject FROM conversations c WHERE c.kind = 'direct' AND
                    (SELECT array_agg(b.user_id ORDER BY b.user_id) FROM members b WHERE b.conversation_id = c.id)
                    IS DISTINCT FROM ARRAY[c.direct_low, c.direct_high]
                """),
        Invariant(
            rule: "a group with members has an owner",
            violations: """
                SELECT b.conversation_id::text AS subject FROM members b JOIN conversations c ON c.id = b.conversation_id
                WHERE c.kind = 'group' GROUP BY b.conversation_id HAVING count(*) FILTER (WHERE b.role = 'owner') = 0
                """),
        Invariant(
            rule: "an answer is to a message of its own conversation",
            violations: """
                SELECT m.id::text AS subject FROM messages m JOIN messages r ON r.id = m.reply_to
                WHERE r.conversation_id <> m.conversation_id
                """),
        Invariant(
            rule: "an attachment is its sender's own upload",
            violations: """
                SELECT a.message_id::text AS subject FROM attachments a JOIN messages m ON m.id = a.message_id
                JOIN uploads u ON u.id = a.upload_id WHERE u.owner_id <> m.sender_id
                """),
        Invariant(
            rule: "a message has its attachments' names",
            violations: """
                SELECT m.id::text AS subject FROM messages m LEFT JOIN (
                    SELECT a.message_id, string_agg(up.name, E'\\n' ORDER BY a.position) AS names
                    FROM attachments a JOIN uploads up ON up.id = a.upload_id WHERE up.removed_at IS NULL GROUP BY a.message_id
                ) files ON files.message_id = m.id WHERE m.file_names IS DISTINCT FROM files.names
                """),
        Invariant(
            rule: "an upload has the size of its content",
            violations: """
                SELECT u.id::text AS subject FROM uploads u JOIN blobs b ON b.sha256 = u.sha256
                WHERE u.removed_at IS NULL AND b.size <> u.size
                """),
        Invariant(
            rule: "every user has a password",
            violations: """
                SELECT u.id::text AS subject FROM users u
                WHERE NOT EXISTS (SELECT 1 FROM passwords p WHERE p.user_id = u.id)
                """),
    ]
}
