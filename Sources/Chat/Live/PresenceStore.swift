import Foundation
import PostgresClient

/// The SQL of presence: who was connected when the server last said that it is alive.
struct PresenceStore: Sendable {
    let database: PostgresClient

    enum Change: Hashable, Sendable {
        case came(UserID)
        case left(UserID, Date)

        var user: UserID {
            switch self {
            case .came(let user), .left(let user, _): user
            }
        }
    }

    /// Writes what became of each user in the end.
    func write(_ changes: [Change]) async throws {
        let last = Dictionary(changes.map { ($0.user, $0) }, uniquingKeysWith: { $1 })
        var came: [UUID] = []
        for case .came(let user) in last.values { came.append(user.uuid) }
        var left: [UserID: Date] = [:]
        for case .left(let user, let date) in changes { left[user] = date }
        let gone = left.keys.map(\.uuid)
        try await database.atomically([
            "DELETE FROM presence WHERE user_id = ANY(\(gone))",
            """
            INSERT INTO presence (user_id) SELECT id FROM users WHERE id = ANY(\(came)) ON CONFLICT DO NOTHING
            """,
            """
            UPDATE users SET last_seen_at = greatest(last_seen_at, gone.seen)
            FROM unnest(\(gone), \(Array(left.values))) AS gone (id, seen) WHERE users.id = gone.id
            """,
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
