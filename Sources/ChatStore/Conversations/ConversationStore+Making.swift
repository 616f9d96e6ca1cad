package import ChatModel
import PostgresClient

/// Making conversations.
extension ConversationStore {
    /// A direct conversation that was found or made.
    package struct Direct: Sendable {
        package var id: ConversationID
        package var created: Bool
        /// Whether it may be hidden from whoever looked for it.
        package var isHidden: Bool
    }

    /// Finds the direct conversation of two people, or makes it for `maker`. Nil when `other` does not exist. A new one is
    /// hidden from `other` until the first message.
    /// - Throws: `muted`, or `forbidden` when `other` has blocked `maker` or has a closed account, if it would have to be
    ///   made.
    package func direct(_ maker: UserID, _ other: UserID) async throws -> Direct? {
        let (low, high) = maker < other ? (maker, other) : (other, maker)
        let find: PostgresQuery = """
            SELECT c.id, NOT \(ConversationTable.isShown(to: "\(maker)")) AS is_hidden
            FROM conversations c WHERE c.direct_low = \(low) AND c.direct_high = \(high)
            """
        let isBlocked: PostgresQuery =
            "EXISTS (SELECT 1 FROM blocks WHERE blocker_id = \(other) AND blocked_id = \(maker))"
        let isClosed: PostgresQuery =
            "coalesce((SELECT \(UserTable.isClosed) FROM users u WHERE u.id = \(other)), false)"
        let known = try await database.query(
            """
            SELECT found.id, found.is_hidden, \(isBlocked) AS is_blocked, \(isClosed) AS is_closed, \(UserTable.isMuted) AS is_muted
            FROM users u LEFT JOIN LATERAL (\(find)) found ON true WHERE u.id = \(maker)
            """
        ).first
        if let known, let id = try known.decode("id", as: ConversationID?.self) {
            return Direct(id: id, created: false, isHidden: try known["is_hidden"])
        }
        if try known?.decode("is_blocked", as: Bool.self) == true { throw Permissions.shutOut }
        if try known?.decode("is_closed", as: Bool.self) == true { throw Permissions.closed }
        if try known?.decode("is_muted", as: Bool.self) == true { throw Permissions.muted }
        let id = ConversationID.make()
        let made: Bool
        do {
            let results = try await changes.atomically(
                [
                    """
                    INSERT INTO conversations (id, kind, direct_low, direct_high, hidden_low_seq, hidden_high_seq)
                    SELECT \(id), 'direct', \(low), \(high), \(maker == low ? nil : 0), \(maker == high ? nil : 0)
                    FROM users u WHERE u.id = \(maker) AND NOT \(isBlocked) AND NOT \(isClosed)
                        AND NOT \(UserTable.isMuted) RETURNING id
                    """,
                    """
                    INSERT INTO members (conversation_id, user_id, role)
                    SELECT c.id, pair.id, 'member' FROM conversations c, unnest(\([low, high])) AS pair (id)
                    WHERE c.id = \(id)
                    """,
                ], on: .user(maker))
            made = !results[0].isEmpty
        } catch let error as PostgresError {
            switch error.sqlState {
            case .uniqueViolation:
                // Somebody made it at the same time.
                return try await database.query(find).first.map {
                    Direct(id: try $0["id"], created: false, isHidden: try $0["is_hidden"])
                }
            case .foreignKeyViolation:
                return nil
            default:
                throw error
            }
        }
        // The user was muted or blocked meanwhile, or the other's account closed. The next attempt says which.
        guard made else { throw ChatError.unavailable }
        return Direct(id: id, created: true, isHidden: false)
    }

    /// Makes a group of `owner` and those of `members` who exist.
    /// - Throws: `muted`.
    package func insertGroup(
        _ id: ConversationID, title: String, visibility: Conversation.Visibility, owner: UserID, members: [UserID]
    ) async throws {
        let results = try await changes.atomically(
            [
                """
                INSERT INTO conversations (id, kind, visibility, title)
                SELECT \(id), 'group', \(visibility), \(title)
                FROM users u WHERE u.id = \(owner) AND NOT \(UserTable.isMuted) RETURNING id
                """,
                """
                INSERT INTO members (conversation_id, user_id, role)
                SELECT c.id, \(owner), 'owner' FROM conversations c WHERE c.id = \(id)
                """,
                """
                INSERT INTO members (conversation_id, user_id, role, joined_at, invited_by, invited_at)
                SELECT c.id, u.id, 'member', clock_timestamp(), a.stranger, CASE WHEN a.stranger IS NOT NULL THEN now() END
                FROM conversations c, users u LEFT JOIN LATERAL (\(ConversationTable.stranger(owner))) a (stranger) ON true
                WHERE c.id = \(id) AND u.id = ANY(\(members)) AND u.id <> \(owner)
                """,
            ], on: .user(owner))
        guard !results[0].isEmpty else { throw Permissions.muted }
    }

    /// Changes a conversation, in its turn and in one transaction. `body` may run more than once: what it did is undone
    /// before it runs again.
    package func change<Value: Sendable>(
        _ id: ConversationID, _ body: @escaping @Sendable (ConversationChange) async throws -> Value
    ) async throws -> Value {
        try await changes.transaction(on: .conversation(id)) { transaction in
            try await body(ConversationChange(id: id, transaction: transaction))
        }
    }

    /// Waits until no transaction is changing the conversation. Without one, waits only until the database answers.
    package func awaitChanges(of id: ConversationID?) async throws {
        _ = try await database.withTransaction { try await $0.query(ConversationTable.lock(id)) }
    }
}
