package import ChatModel
import Foundation
package import PostgresClient

/// Making and changing conversations.
extension ConversationStore {
    /// The direct conversation of two people, made for `maker` if there is none yet. `nil` when `other` does not exist.
    /// - Throws: `muted`, or `forbidden` for somebody whom `other` has blocked, where it would have to be made.
    package func direct(_ maker: UserID, _ other: UserID) async throws -> (id: ConversationID, created: Bool)? {
        let (low, high) = maker < other ? (maker, other) : (other, maker)
        let find: PostgresQuery = """
            SELECT id FROM conversations WHERE direct_low = \(low.uuid) AND direct_high = \(high.uuid)
            """
        let isBlocked: PostgresQuery =
            "EXISTS (SELECT 1 FROM blocks WHERE blocker_id = \(other.uuid) AND blocked_id = \(maker.uuid))"
        let known = try await database.query(
            """
            SELECT (\(find)) AS id, \(isBlocked) AS is_blocked, \(UserStore.isMuted) AS is_muted
            FROM users u WHERE u.id = \(maker.uuid)
            """
        ).first
        if let id = try known?.decode("id", as: UUID?.self) { return (ConversationID(id), false) }
        if try known?.decode("is_blocked", as: Bool.self) == true { throw Permissions.shutOut }
        if try known?.decode("is_muted", as: Bool.self) == true { throw Permissions.muted }
        let id = ConversationID.make()
        let made: Bool
        do {
            let results = try await changes.atomically(
                [
                    """
                    INSERT INTO conversations (id, kind, direct_low, direct_high)
                    SELECT \(id.uuid), 'direct', \(low.uuid), \(high.uuid)
                    FROM users u WHERE u.id = \(maker.uuid) AND NOT \(isBlocked) AND NOT \(UserStore.isMuted) RETURNING id
                    """,
                    """
                    INSERT INTO members (conversation_id, user_id, role)
                    SELECT c.id, pair.id, 'member' FROM conversations c, unnest(\([low.uuid, high.uuid])) AS pair (id)
                    WHERE c.id = \(id.uuid)
                    """,
                ], on: .user(maker))
            made = !results[0].isEmpty
        } catch let error as PostgresError {
            switch error.sqlState {
            case .uniqueViolation:
                // Somebody made it at the same time.
                return try await database.query(find).first.map { (ConversationID(try $0.decode("id")), false) }
            case .foreignKeyViolation:
                return nil
            default:
                throw error
            }
        }
        // Muted or blocked since it was asked: the next attempt says which.
        guard made else { throw ChatError.unavailable }
        return (id, true)
    }

    /// Makes a group of `owner` and those of `members` that exist.
    /// - Throws: `muted`.
    package func insertGroup(
        _ id: ConversationID, title: String, visibility: Conversation.Visibility, owner: UserID, members: [UserID]
    ) async throws {
        let results = try await changes.atomically(
            [
                """
                INSERT INTO conversations (id, kind, visibility, title)
                SELECT \(id.uuid), 'group', \(visibility.rawValue), \(title)
                FROM users u WHERE u.id = \(owner.uuid) AND NOT \(UserStore.isMuted) RETURNING id
                """,
                """
                INSERT INTO members (conversation_id, user_id, role)
                SELECT c.id, \(owner.uuid), 'owner' FROM conversations c WHERE c.id = \(id.uuid)
                """,
                """
                INSERT INTO members (conversation_id, user_id, role, joined_at, invited_by, invited_at)
                SELECT c.id, u.id, 'member', clock_timestamp(), a.stranger, CASE WHEN a.stranger IS NOT NULL THEN now() END
                FROM conversations c, users u LEFT JOIN LATERAL (\(Self.stranger(owner))) a (stranger) ON true
                WHERE c.id = \(id.uuid) AND u.id = ANY(\(members.map(\.uuid))) AND u.id <> \(owner.uuid)
                """,
            ], on: .user(owner))
        guard !results[0].isEmpty else { throw Permissions.muted }
    }

    /// Locks the conversation, then reads how `user` stands to it.
    package func lock(
        _ id: ConversationID, for user: UserID, in transaction: PostgresTransaction
    ) async throws -> Permissions.Standing? {
        try await transaction.query("SELECT 1 FROM conversations WHERE id = \(id.uuid) FOR NO KEY UPDATE")
        return try Self.standing(try await transaction.query(Self.standingQuery(of: user, in: id)))
    }

    /// Waits until no transaction is changing the conversation; with none, only until the database answers.
    package func awaitChanges(of id: ConversationID?) async throws {
        _ = try await database.withTransaction {
            try await $0.query("SELECT 1 FROM conversations WHERE id = \(id?.uuid) FOR NO KEY UPDATE")
        }
    }

    /// `adder` where the user `u` does not know them, as far as can be told: has neither written to them, nor is by their
    /// own will in a private group with them. In a public one anybody could be.
    private static func stranger(_ adder: UserID?) -> PostgresQuery {
        """
        SELECT \(adder?.uuid)::uuid WHERE \(adder?.uuid)::uuid IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM conversations d
                JOIN messages m ON m.conversation_id = d.id AND m.sender_id = u.id
                WHERE d.direct_low = least(u.id, \(adder?.uuid)) AND d.direct_high = greatest(u.id, \(adder?.uuid)))
            AND NOT EXISTS (SELECT 1 FROM members mine
                JOIN conversations g ON g.id = mine.conversation_id AND g.visibility = 'private'
                JOIN members theirs ON theirs.conversation_id = g.id AND theirs.user_id = \(adder?.uuid)
                WHERE mine.user_id = u.id AND mine.invited_by IS NULL)
        """
    }

    /// Those who were not members yet. They begin with everything before them read.
    /// - Parameter adder: Who puts them in; nil for somebody who comes by themselves.
    package func add(
        _ users: [UserID], to id: ConversationID, by adder: UserID?, in transaction: PostgresTransaction
    ) async throws -> [UserID] {
        let added = try await transaction.query(
            """
            INSERT INTO members (conversation_id, user_id, role, joined_at, delivered_seq, read_seq, invited_by,
                invited_at)
            SELECT c.id, u.id, 'member', clock_timestamp(), c.last_seq, c.last_seq, a.stranger,
                CASE WHEN a.stranger IS NOT NULL THEN now() END
            FROM conversations c, users u LEFT JOIN LATERAL (\(Self.stranger(adder))) a (stranger) ON true
            WHERE c.id = \(id.uuid) AND u.id = ANY(\(users.map(\.uuid)))
            ON CONFLICT DO NOTHING RETURNING user_id
            """
        ).map { UserID(try $0.decode("user_id")) }
        if !added.isEmpty {
            let count: Int =
                try await transaction.query(
                    "SELECT count(*) AS count FROM members WHERE conversation_id = \(id.uuid)"
                ).first?.decode("count") ?? 0
            guard count <= Self.maximumMembers else {
                throw ChatError.invalid("userIds", "a group holds \(Self.maximumMembers) members")
            }
            try await transaction.query(
                """
                DELETE FROM removed_members
                WHERE conversation_id = \(id.uuid) AND user_id = ANY(\(added.map(\.uuid)))
                """)
            try await bump(id, in: transaction)
        }
        return added
    }

    package func role(of user: UserID, in id: ConversationID, _ transaction: PostgresTransaction) async throws -> Member
        .Role?
    {
        try await transaction.query(
            "SELECT role FROM members WHERE conversation_id = \(id.uuid) AND user_id = \(user.uuid)"
        ).first?.decodeEnum("role")
    }

    /// Takes away the invitation. False where there was none.
    package func accept(_ id: ConversationID, for user: UserID, in transaction: PostgresTransaction) async throws
        -> Bool
    {
        let accepted = try await transaction.query(
            """
            UPDATE members SET invited_by = NULL, invited_at = NULL
            WHERE conversation_id = \(id.uuid) AND user_id = \(user.uuid) AND invited_by IS NOT NULL RETURNING 1
            """)
        guard !accepted.isEmpty else { return false }
        try await bump(id, in: transaction)
        return true
    }

    /// Whether any of `users` was removed from the conversation and has not been brought back.
    package func wasRemoved(
        anyOf users: [UserID], from id: ConversationID, in transaction: PostgresTransaction
    ) async throws -> Bool {
        try await !transaction.query(
            """
            SELECT 1 FROM removed_members WHERE conversation_id = \(id.uuid) AND user_id = ANY(\(users.map(\.uuid)))
            """
        ).isEmpty
    }

    /// Takes out a member who leaves. Whoever leaves a public group may come back at any time, so it takes nothing from
    /// the URLs they hold.
    package func leave(_ user: UserID, _ id: ConversationID, in transaction: PostgresTransaction) async throws {
        try await takeOut(user, from: id, in: transaction)
        try await transaction.query(
            "SELECT settle_departure(id, visibility <> 'public') FROM conversations WHERE id = \(id.uuid)")
    }

    /// Takes out a member, who stays out until an owner or admin brings them back.
    package func remove(
        _ user: UserID, from id: ConversationID, by remover: UserID, in transaction: PostgresTransaction
    ) async throws {
        try await takeOut(user, from: id, in: transaction)
        try await transaction.query(
            """
            INSERT INTO removed_members (conversation_id, user_id, removed_by)
            VALUES (\(id.uuid), \(user.uuid), \(remover.uuid)) ON CONFLICT DO NOTHING
            """)
        try await transaction.query("SELECT settle_departure(\(id.uuid), true)")
    }

    private func takeOut(_ user: UserID, from id: ConversationID, in transaction: PostgresTransaction) async throws {
        try await transaction.query(
            "DELETE FROM members WHERE conversation_id = \(id.uuid) AND user_id = \(user.uuid)")
    }

    /// - Returns: the revision that the change has.
    package func setRole(
        _ role: Member.Role, of user: UserID, in id: ConversationID, _ transaction: PostgresTransaction
    ) async throws -> Int {
        try await transaction.query(
            """
            UPDATE members SET role = \(role.rawValue) WHERE conversation_id = \(id.uuid) AND user_id = \(user.uuid)
            """)
        return try await bump(id, in: transaction)
    }

    package func owners(of id: ConversationID, in transaction: PostgresTransaction) async throws -> Int {
        try await transaction.query(
            "SELECT count(*) AS count FROM members WHERE conversation_id = \(id.uuid) AND role = 'owner'"
        ).first?.decode("count") ?? 0
    }

    /// - Returns: the revision that the change has.
    package func setTitle(_ title: String, of id: ConversationID, in transaction: PostgresTransaction) async throws
        -> Int
    {
        try await transaction.query("UPDATE conversations SET title = \(title) WHERE id = \(id.uuid)")
        return try await bump(id, in: transaction)
    }

    /// All members, for events that concern each of them.
    package func memberIDs(of id: ConversationID) async throws -> [UserID] {
        try await database.query("SELECT user_id FROM members WHERE conversation_id = \(id.uuid)")
            .map { UserID(try $0.decode("user_id")) }
    }

    /// - Returns: the revision that the change has.
    @discardableResult
    private func bump(_ id: ConversationID, in transaction: PostgresTransaction) async throws -> Int {
        let rows = try await transaction.query(
            """
            UPDATE conversations SET revision = revision + 1, updated_at = now() WHERE id = \(id.uuid)
            RETURNING revision
            """)
        guard let row = rows.first else { throw ChatError.notFound("conversation") }
        return try row.decode("revision")
    }

    static func standingQuery(of user: UserID, in id: ConversationID) -> PostgresQuery {
        """
        SELECT c.kind, c.visibility, me.role, \(UserStore.isMuted) AS is_muted,
            \(BlockStore.shutOut("\(user.uuid)")) AS is_shut_out,
            me.user_id IS NULL AND EXISTS (SELECT 1 FROM removed_members r
                WHERE r.conversation_id = c.id AND r.user_id = \(user.uuid)) AS was_removed
        FROM conversations c LEFT JOIN users u ON u.id = \(user.uuid)
            LEFT JOIN members me ON me.conversation_id = c.id AND me.user_id = \(user.uuid)
        WHERE c.id = \(id.uuid)
        """
    }

    static func standing(_ rows: PostgresResult) throws -> Permissions.Standing? {
        try rows.first.map { row in
            Permissions.Standing(
                kind: try row.decodeEnum("kind"),
                visibility: try row.decode("visibility", as: String?.self).flatMap(Conversation.Visibility.init),
                role: try row.decode("role", as: String?.self).flatMap(Member.Role.init),
                isMuted: try row.decode("is_muted"), isShutOut: try row.decode("is_shut_out"),
                wasRemoved: try row.decode("was_removed"))
        }
    }
}
