package import ChatModel
import PostgresClient

/// The change of one conversation: its title, its members and their roles. Lives as long as the transaction.
package struct ConversationChange: Sendable {
    let id: ConversationID
    let transaction: PostgresTransaction

    /// Locks the conversation for the rest of the transaction, then reads the membership of `user`. Every change begins
    /// with it. The notices of what changes name `user`.
    package func lock(for user: UserID) async throws -> Membership? {
        try await transaction.query(
            """
            SELECT set_config('parley.actor', (\(user)::uuid)::text, true) FROM conversations
            WHERE id = \(id) FOR NO KEY UPDATE
            """)
        return try await transaction.query(ConversationTable.membership(of: user, in: id)).first
            .map(ConversationTable.membership)
    }

    /// Members who came, and what a group is by then.
    package struct Addition: Sendable {
        package var users: [UserID]
        package var change: MembershipChange
        package var lastSeq: Int
    }

    /// Adds those who are not members yet. Everything before they joined counts as read.
    /// - Parameter adder: Who adds them; nil for a user who joins.
    /// - Returns: Nil when nobody was added.
    package func add(_ users: [UserID], by adder: UserID?) async throws -> Addition? {
        let added: [UserID] = try await transaction.query(
            """
            INSERT INTO members (conversation_id, user_id, role, joined_at, delivered_seq, read_seq, invited_by,
                invited_at)
            SELECT c.id, u.id, 'member', clock_timestamp(), c.last_seq, c.last_seq, a.stranger,
                CASE WHEN a.stranger IS NOT NULL THEN now() END
            FROM conversations c, users u LEFT JOIN LATERAL (\(ConversationTable.stranger(adder))) a (stranger) ON true
            WHERE c.id = \(id) AND u.id = ANY(\(users))
            ON CONFLICT DO NOTHING RETURNING user_id
            """
        ).map { try $0["user_id"] }
        guard !added.isEmpty else { return nil }
        let count =
            try await transaction.query(
                "SELECT count(*) AS count FROM members WHERE conversation_id = \(id)"
            ).first?.decode("count", as: Int.self) ?? 0
        guard count <= GroupSize.maximum else {
            throw ChatError.invalid("userIds", "a group holds \(GroupSize.maximum) members")
        }
        try await transaction.query(
            "DELETE FROM removed_members WHERE conversation_id = \(id) AND user_id = ANY(\(added))")
        let position = try await bump()
        return Addition(
            users: added, change: MembershipChange(memberCount: count, revision: position.revision),
            lastSeq: position.lastSeq)
    }

    /// Nil when `user` is not a member.
    package func role(of user: UserID) async throws -> Member.Role? {
        try await transaction.query("SELECT role FROM members WHERE conversation_id = \(id) AND user_id = \(user)")
            .first?["role"]
    }

    package func countOwners() async throws -> Int {
        try await transaction.query(
            "SELECT count(*) AS count FROM members WHERE conversation_id = \(id) AND role = 'owner'"
        ).first?["count"] ?? 0
    }

    /// Takes away the invitation of `user`.
    /// - Returns: The conversation's revision after the change; nil when there was none.
    package func acceptInvitation(of user: UserID) async throws -> Int? {
        let accepted = try await transaction.query(
            """
            UPDATE members SET invited_by = NULL, invited_at = NULL
            WHERE conversation_id = \(id) AND user_id = \(user) AND invited_by IS NOT NULL RETURNING 1
            """)
        return accepted.isEmpty ? nil : try await bump().revision
    }

    /// Whether any of `users` was removed and has not been brought back.
    package func wasRemoved(anyOf users: [UserID]) async throws -> Bool {
        try await !transaction.query(
            "SELECT 1 FROM removed_members WHERE conversation_id = \(id) AND user_id = ANY(\(users))"
        ).isEmpty
    }

    /// What a group is without a member who has gone.
    package struct Departure: Sendable {
        package var change: MembershipChange
        /// Who owns the group from now on, because the last owner has gone.
        package var promoted: UserID?
    }

    /// Takes out a member who leaves. Somebody who leaves a public group may come back at any time, so the URLs they hold
    /// stay valid.
    package func leave(_ user: UserID) async throws -> Departure {
        let hasOwner = try await takeOut(user)
        try await transaction.query(
            "SELECT settle_departure(id, visibility <> 'public') FROM conversations WHERE id = \(id)")
        return try await departure(hadOwner: hasOwner)
    }

    /// Takes out a member, who stays out until an owner or admin brings them back.
    package func remove(_ user: UserID, by remover: UserID) async throws -> Departure {
        let hasOwner = try await takeOut(user)
        try await transaction.query(
            """
            INSERT INTO removed_members (conversation_id, user_id, removed_by)
            VALUES (\(id), \(user), \(remover)) ON CONFLICT DO NOTHING
            """)
        try await transaction.query("SELECT settle_departure(\(id), true)")
        return try await departure(hadOwner: hasOwner)
    }

    /// - Returns: Whether the group still has an owner.
    private func takeOut(_ user: UserID) async throws -> Bool {
        try await transaction.query("DELETE FROM members WHERE conversation_id = \(id) AND user_id = \(user)")
        return try await countOwners() > 0
    }

    /// - Parameter hadOwner: Whether there was an owner before the departure was settled.
    private func departure(hadOwner: Bool) async throws -> Departure {
        let rows = try await transaction.query(
            """
            SELECT c.revision, (SELECT count(*) FROM members m WHERE m.conversation_id = c.id) AS member_count,
                CASE WHEN NOT \(hadOwner) THEN
                    (SELECT m.user_id FROM members m WHERE m.conversation_id = c.id AND m.role = 'owner' LIMIT 1) END
                    AS promoted
            FROM conversations c WHERE c.id = \(id)
            """)
        guard let row = rows.first else { throw ChatError.notFound("conversation") }
        return Departure(
            change: MembershipChange(memberCount: try row["member_count"], revision: try row["revision"]),
            promoted: try row["promoted"])
    }

    /// Hides the direct conversation from `user` until the next message. Not a change of the conversation: nobody else
    /// can see it.
    /// - Returns: What it is hidden at; nil if it was hidden before.
    package func hide(from user: UserID) async throws -> ConversationPosition? {
        try await setHidden("c.last_seq", from: user, where: ConversationTable.isShown(to: "\(user)"))
    }

    /// - Returns: What the direct conversation is shown at; nil if it was not hidden from `user`.
    package func show(to user: UserID) async throws -> ConversationPosition? {
        try await setHidden("NULL", from: user, where: "NOT \(ConversationTable.isShown(to: "\(user)"))")
    }

    private func setHidden(
        _ seq: PostgresQuery, from user: UserID, where condition: PostgresQuery
    ) async throws -> ConversationPosition? {
        try await transaction.query(
            """
            UPDATE conversations c SET
                hidden_low_seq = CASE WHEN c.direct_low = \(user) THEN \(seq) ELSE c.hidden_low_seq END,
                hidden_high_seq = CASE WHEN c.direct_high = \(user) THEN \(seq) ELSE c.hidden_high_seq END
            WHERE c.id = \(id) AND c.kind = 'direct' AND \(condition)
            RETURNING c.revision, c.last_seq
            """
        ).first.map(position)
    }

    /// - Returns: The conversation's revision after the change.
    package func setRole(_ role: Member.Role, of user: UserID) async throws -> Int {
        try await transaction.query(
            "UPDATE members SET role = \(role) WHERE conversation_id = \(id) AND user_id = \(user)")
        return try await bump().revision
    }

    /// - Returns: The conversation's revision after the change.
    package func setTitle(_ title: String) async throws -> Int {
        try await transaction.query("UPDATE conversations SET title = \(title) WHERE id = \(id)")
        return try await bump().revision
    }

    private func bump() async throws -> ConversationPosition {
        let rows = try await transaction.query(ConversationTable.bump(where: "c.id = \(id)"))
        guard let row = rows.first else { throw ChatError.notFound("conversation") }
        return try position(row)
    }

    private func position(_ row: PostgresRow) throws -> ConversationPosition {
        ConversationPosition(id: id, revision: try row["revision"], lastSeq: try row["last_seq"])
    }
}
