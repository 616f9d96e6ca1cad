package import ChatModel
package import Foundation
import PostgresClient

/// The SQL of presence: who was connected when the server last said that it is alive.
package struct PresenceStore: Sendable {
    let database: PostgresClient

    package enum Change: Hashable, Sendable {
        case came(UserID)
        case left(UserID, Date)

        package var user: UserID {
            switch self {
            case .came(let user), .left(let user, _): user
            }
        }
    }

    /// Writes what became of each user in the end, but for those whose row somebody else holds: nobody waits for it.
    /// - Returns: whose it was.
    package func write(_ changes: [Change]) async throws -> Set<UserID> {
        let last = Dictionary(changes.map { ($0.user, $0) }, uniquingKeysWith: { $1 })
        var came: [UUID] = []
        for case .came(let user) in last.values { came.append(user.uuid) }
        var left: [UserID: Date] = [:]
        for case .left(let user, let date) in changes { left[user] = date }
        let gone = left.keys.map(\.uuid)
        let results = try await database.atomically([
            "DELETE FROM presence WHERE user_id = ANY(\(gone))",
            """
            INSERT INTO presence (user_id)
            SELECT id FROM users WHERE id = ANY(\(came)) FOR KEY SHARE SKIP LOCKED ON CONFLICT DO NOTHING
            """,
            """
            WITH free AS MATERIALIZED (
                SELECT id FROM users WHERE id = ANY(\(gone)) FOR NO KEY UPDATE SKIP LOCKED
            ), seen AS (
                UPDATE users SET last_seen_at = greatest(last_seen_at, gone.seen)
                FROM free JOIN unnest(\(gone), \(Array(left.values))) AS gone (id, seen) ON gone.id = free.id
                WHERE users.id = free.id
            )
            SELECT id FROM users WHERE id = ANY(\(gone)) AND id NOT IN (SELECT id FROM free)
            """,
        ])
        return Set(try results[2].map { UserID(try $0.decode("id")) })
    }

    package func renewLease() async throws {
        try await database.query(
            """
            INSERT INTO presence_lease (alive_at) VALUES (now())
            ON CONFLICT (only_row) DO UPDATE SET alive_at = excluded.alive_at
            """)
    }

    /// Whoever was connected when the server before this one ended was last seen when that was last alive. A row that
    /// somebody else holds keeps the time it has: the server does not wait for it to start.
    package func takeOver() async throws {
        try await database.atomically([
            """
            WITH free AS MATERIALIZED (
                SELECT id FROM users WHERE id IN (SELECT user_id FROM presence) FOR NO KEY UPDATE SKIP LOCKED
            )
            UPDATE users u SET last_seen_at = greatest(u.last_seen_at, l.alive_at)
            FROM free, presence_lease l WHERE u.id = free.id
            """,
            "DELETE FROM presence",
        ])
        try await renewLease()
    }
}
