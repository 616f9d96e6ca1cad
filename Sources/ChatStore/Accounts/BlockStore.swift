package import ChatModel
import PostgresClient

/// The SQL of who has blocked whom.
package struct BlockStore: Sendable {
    /// How many people one user may block.
    package static let maximum = 1000

    let database: PostgresClient
    let changes: ChangeQueue

    package enum Change: Sendable {
        case changed, unchanged, noSuchUser, tooMany
    }

    package func insert(_ blocked: UserID, by blocker: UserID) async throws -> Change {
        let results = try await changes.atomically(
            [
                // One block of the same person at a time, so that the limit holds.
                "SELECT 1 FROM users WHERE id = \(blocker) FOR NO KEY UPDATE",
                """
                INSERT INTO blocks (blocker_id, blocked_id)
                SELECT \(blocker), u.id FROM users u
                WHERE u.id = \(blocked)
                    AND (SELECT count(*) FROM blocks WHERE blocker_id = \(blocker)) < \(Self.maximum)
                ON CONFLICT DO NOTHING RETURNING 1
                """,
                """
                SELECT EXISTS (SELECT 1 FROM users WHERE id = \(blocked)) AS is_user,
                    EXISTS (SELECT 1 FROM blocks
                        WHERE blocker_id = \(blocker) AND blocked_id = \(blocked)) AS is_blocked
                """,
            ], on: .user(blocker))
        if !results[1].isEmpty { return .changed }
        guard let row = results[2].first, try row.decode("is_user", as: Bool.self) else { return .noSuchUser }
        return try row.decode("is_blocked", as: Bool.self) ? .unchanged : .tooMany
    }

    /// - Returns: Whether there was such a block.
    package func delete(_ blocked: UserID, by blocker: UserID) async throws -> Bool {
        try await !changes.query(
            "DELETE FROM blocks WHERE blocker_id = \(blocker) AND blocked_id = \(blocked) RETURNING 1",
            on: .user(blocker)
        ).isEmpty
    }

    /// Whom `blocker` has blocked, the latest first.
    package func list(of blocker: UserID) async throws -> [UserID] {
        try await database.query(
            "SELECT blocked_id FROM blocks WHERE blocker_id = \(blocker) ORDER BY created_at DESC, blocked_id"
        ).map { try $0["blocked_id"] }
    }

    /// The blocks that this transaction or a later one added.
    package func added(
        by users: [UserID], since transaction: Int
    ) async throws -> [(user: UserID, other: UserID)] {
        // A row of a transaction that is over says by which it was made as long as that is recent.
        try await database.query(
            """
            SELECT blocker_id, blocked_id FROM blocks
            WHERE blocker_id = ANY(\(users)) AND age(xmin) <= pg_snapshot_xmax(pg_current_snapshot())::text::bigint - \(transaction)
            """
        ).map { (try $0["blocker_id"], try $0["blocked_id"]) }
    }

    /// Whether anybody of `people` has blocked `user`.
    package func anyBlocks(of people: [UserID], against user: UserID) async throws -> Bool {
        try await !database.query(
            """
            SELECT 1 FROM blocks WHERE blocked_id = \(user) AND blocker_id = ANY(\(people)) LIMIT 1
            """
        ).isEmpty
    }

    /// The people who are kept apart from each of `users`, because one of the two has blocked the other. Neither sees
    /// whether the other is online. Users without such people are left out.
    package func apart(from users: [UserID]) async throws -> [UserID: Set<UserID>] {
        let rows = try await database.query(
            """
            SELECT blocker_id AS one, blocked_id AS other FROM blocks WHERE blocker_id = ANY(\(users))
            UNION ALL SELECT blocked_id, blocker_id FROM blocks WHERE blocked_id = ANY(\(users))
            """)
        var apart: [UserID: Set<UserID>] = [:]
        for row in rows {
            apart[try row["one"], default: []].insert(try row["other"])
        }
        return apart
    }
}
