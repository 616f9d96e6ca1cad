package import ChatModel
import PostgresClient

/// The SQL of how much members want to be told.
package struct AttentionStore: Sendable {
    let database: PostgresClient
    let changes: ChangeQueue

    /// nil: the user is no member.
    package func find(of user: UserID, in conversation: ConversationID) async throws -> Attention? {
        try await database.query(
            """
            SELECT \(AttentionTable.columns(of: "me")) FROM members me
            WHERE me.conversation_id = \(conversation) AND me.user_id = \(user)
            """
        ).first.map(AttentionTable.attention)
    }

    /// What this transaction or a later one changed of these members.
    package func changed(
        by users: [UserID], since transaction: Int
    ) async throws -> [(user: UserID, conversation: ConversationID, attention: Attention)] {
        try await database.query(
            """
            SELECT me.user_id, me.conversation_id, \(AttentionTable.columns(of: "me")) FROM members me
            WHERE me.user_id = ANY(\(users)) AND \(Moment.number(of: "me.attention_xid")) >= \(transaction)
            """
        ).map { (try $0["user_id"], try $0["conversation_id"], try AttentionTable.attention(from: $0)) }
    }

    /// Changes it, and then, before the user changes anything else, runs `committed` with what it is by then. Nothing is
    /// written where it is so already.
    /// - Returns: Whether it changed. Of somebody who is no member, nothing does.
    package func change(
        _ change: AttentionChange, of user: UserID, in conversation: ConversationID,
        committed: @escaping @Sendable (Attention) async -> Void
    ) async throws -> Bool {
        try await changes.transaction(on: .user(user)) { transaction in
            try await transaction.query(Self.update(change, of: user, in: conversation)).first
                .map(AttentionTable.attention)
        } committed: { attention in
            guard let attention else { return false }
            await committed(attention)
            return true
        }
    }

    private static func update(
        _ change: AttentionChange, of user: UserID, in conversation: ConversationID
    ) -> PostgresQuery {
        let mutedUntil: PostgresQuery =
            switch change.muting {
            case .until(let end): "\(end)"
            case .ended: "NULL::timestamptz"
            case nil: "me.muted_until"
            }
        let rest: PostgresQuery = """
            coalesce(\(change.notifications), me.notifications), coalesce(\(change.isPinned), me.pinned),
            coalesce(\(change.isArchived), me.archived), coalesce(\(change.isMarkedUnread), me.marked_unread)
            """
        // A muting that has ended is none.
        return """
            UPDATE members me SET (muted_until, notifications, pinned, archived, marked_unread)
                = ROW (\(mutedUntil), \(rest))
            WHERE me.conversation_id = \(conversation) AND me.user_id = \(user)
                AND (CASE WHEN \(mutedUntil) > now() THEN \(mutedUntil) END, \(rest)) IS DISTINCT FROM
                    (CASE WHEN me.muted_until > now() THEN me.muted_until END, me.notifications, me.pinned, me.archived,
                        me.marked_unread)
            RETURNING \(AttentionTable.columns(of: "me"))
            """
    }
}
