import Foundation
import PostgresClient

/// The SQL of presence: who was connected when the server last said that it is alive.
struct PresenceStore: Sendable {
    let database: PostgresClient

    func enter(_ user: UserID) async throws {
        try await database.query("INSERT INTO presence (user_id) VALUES (\(user.uuid)) ON CONFLICT DO NOTHING")
    }

    func leave(_ user: UserID, seen: Date) async throws {
        try await database.atomically([
            "DELETE FROM presence WHERE user_id = \(user.uuid)",
            "UPDATE users SET last_seen_at = greatest(last_seen_at, \(seen)) WHERE id = \(user.uuid)",
        ])
    }

    func renewLease() async throws {
        try await database.query(
            """
            INSERT INTO presence_lease (alive_at) VALUES (now())
            ON CONFLICT (only_row) DO UPDATE SET alive_at = excluded.alive_at
            """)
    }

    /// Whoever was connected when the server before this one ended was last seen when that was last alive.
    func takeOver() async throws {
        try await database.atomically([
            """
            UPDATE users u SET last_seen_at = greatest(u.last_seen_at, l.alive_at)
            FROM presence p, presence_lease l WHERE u.id = p.user_id
            """,
            "DELETE FROM presence",
        ])
        try await renewLease()
    }
}
