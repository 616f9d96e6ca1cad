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

    /// Taken by whoever writes presence, so that two writers whose people overlap never wait for each other: of rows that
    /// are to be inserted none can be locked in order. Ends with the transaction.
    private static let turn: PostgresQuery = "SELECT pg_advisory_xact_lock(hashtext('parley presence'))"

    /// Writes the last change of each user. Skips users whose row is locked, so that nobody waits.
    /// - Returns: The users that were skipped.
    package func write(_ changes: [Change]) async throws -> Set<UserID> {
        let last = Dictionary(changes.map { ($0.user, $0) }, uniquingKeysWith: { $1 })
        var came: [UserID] = []
        for case .came(let user) in last.values { came.append(user) }
        var left: [UserID: Date] = [:]
        for case .left(let user, let date) in changes { left[user] = date }
        let gone = Array(left.keys)
        let results = try await database.atomically([
            Self.turn,
            "DELETE FROM presence WHERE user_id = ANY(\(gone))",
            """
            INSERT INTO presence (user_id)
            SELECT id FROM users WHERE id = ANY(\(came)) FOR KEY SHARE SKIP LOCKED ON CONFLICT DO NOTHING
            """,
            UserTable.markSeen(gone, at: Array(left.values)),
        ])
        return Set(try results[3].map { try $0["id"] })
    }

    package func renewLease() async throws {
        try await database.query(
            """
            INSERT INTO presence_lease (alive_at) VALUES (now())
            ON CONFLICT (only_row) DO UPDATE SET alive_at = excluded.alive_at
            """)
    }

    /// After a crash: everybody who was connected was last seen at the last lease. Rows that are locked are skipped, so
    /// that the server starts without waiting.
    package func takeOver() async throws {
        try await database.atomically([
            Self.turn,
            UserTable.markPresentSeen,
            "DELETE FROM presence",
        ])
        try await renewLease()
    }
}
