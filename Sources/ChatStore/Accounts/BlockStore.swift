package import ChatModel
import Foundation
import PostgresClient

/// The SQL of who has blocked whom.
package struct BlockStore: Sendable {
    /// How many people somebody may have blocked.
    package static let maximum = 1000

    let database: PostgresClient
    let changes: ChangeQueue

    /// Whether the other one of the direct conversation `c` has blocked `user`. A scalar subquery, as in
    /// `MessageStore.columns`, for one row by its key, however many have blocked the same person.
    static func shutOut(_ user: PostgresQuery) -> PostgresQuery {
        """
        (c.kind = 'direct' AND coalesce((SELECT true FROM blocks b WHERE b.blocked_id = \(user)
            AND b.blocker_id = CASE WHEN c.direct_low = \(user) THEN c.direct_high ELSE c.direct_low END), false))
        """
    }

    package enum Change: Sendable {
        case changed, unchanged, noSuchUser, tooMany
    }

    package func insert(_ blocked: UserID, by blocker: UserID) async throws -> Change {
        let results = try await changes.atomically(
            [
                // One at a time of the same person, so that the bound holds.
                "SELECT 1 FROM users WHERE id = \(blocker.uuid) FOR NO KEY UPDATE",
                """
                INSERT INTO blocks (blocker_id, blocked_id)
                SELECT \(blocker.uuid), u.id FROM users u
                WHERE u.id = \(blocked.uuid)
                    AND (SELECT count(*) FROM blocks WHERE blocker_id = \(blocker.uuid)) < \(Self.maximum)
                ON CONFLICT DO NOTHING RETURNING 1
                """,
                """
                SELECT EXISTS (SELECT 1 FROM users WHERE id = \(blocked.uuid)) AS is_user,
                    EXISTS (SELECT 1 FROM blocks
                        WHERE blocker_id = \(blocker.uuid) AND blocked_id = \(blocked.uuid)) AS is_blocked
                """,
            ], on: .user(blocker))
        if !results[1].isEmpty { return .changed }
        guard let row = results[2].first, try row.decode("is_user", as: Bool.self) else { return .noSuchUser }
        return try row.decode("is_blocked", as: Bool.self) ? .unchanged : .tooMany
    }

    /// - Returns: Whether there was such a block.
    package func delete(_ blocked: UserID, by blocker: UserID) async throws -> Bool {
        try await !changes.query(
            "DELETE FROM blocks WHERE blocker_id = \(blocker.uuid) AND blocked_id = \(blocked.uuid) RETURNING 1",
            on: .user(blocker)
        ).isEmpty
    }

    /// Whom `blocker` has blocked, the latest first.
    package func list(of blocker: UserID) async throws -> [UserID] {
        try await database.query(
            "SELECT blocked_id FROM blocks WHERE blocker_id = \(blocker.uuid) ORDER BY created_at DESC, blocked_id"
        ).map { UserID(try $0.decode("blocked_id")) }
    }

    /// Whether anybody of `people` has blocked `user`.
    package func anyBlocks(of people: [UserID], against user: UserID) async throws -> Bool {
        try await !database.query(
            """
            SELECT 1 FROM blocks WHERE blocked_id = \(user.uuid) AND blocker_id = ANY(\(people.map(\.uuid))) LIMIT 1
            """
        ).isEmpty
    }

    /// For each of `users` that has any: who is kept apart from them, whichever of the two has blocked the other. Neither
    /// sees whether the other is there.
    package func apart(from users: [UserID]) async throws -> [UserID: Set<UserID>] {
        let ids = users.map(\.uuid)
        let rows = try await database.query(
            """
            SELECT blocker_id AS one, blocked_id AS other FROM blocks WHERE blocker_id = ANY(\(ids))
            UNION ALL SELECT blocked_id, blocker_id FROM blocks WHERE blocked_id = ANY(\(ids))
            """)
        var apart: [UserID: Set<UserID>] = [:]
        for row in rows {
            apart[UserID(try row.decode("one")), default: []].insert(UserID(try row.decode("other")))
        }
        return apart
    }
}
