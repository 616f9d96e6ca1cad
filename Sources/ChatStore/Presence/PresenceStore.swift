package import ChatModel
package import Foundation
import PostgresClient

/// The SQL of presence: who was connected to which server when it last said that it lives.
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

    /// Writes the last change of each user at one server. Skips users whose row is locked, so that nobody waits. Two servers
    /// never wait for each other: each has rows of its own.
    /// - Parameter node: The server's epoch. Where its row is gone, nobody is written as connected to it.
    /// - Returns: The users that were skipped.
    package func write(_ changes: [Change], of node: UUID) async throws -> Set<UserID> {
        let last = Dictionary(changes.map { ($0.user, $0) }, uniquingKeysWith: { $1 })
        var came: [UserID] = []
        for case .came(let user) in last.values { came.append(user) }
        var left: [UserID: Date] = [:]
        for case .left(let user, let date) in changes { left[user] = date }
        let gone = Array(left.keys)
        let results = try await database.atomically([
            "DELETE FROM node_presence WHERE node_id = \(node) AND user_id = ANY(\(gone))",
            // Held against `NodeTable.bury`.
            "SELECT 1 FROM nodes WHERE id = \(node) FOR KEY SHARE",
            """
            INSERT INTO node_presence (node_id, user_id)
            SELECT \(node), id FROM users
            WHERE id = ANY(\(came)) AND EXISTS (SELECT 1 FROM nodes WHERE nodes.id = \(node))
            FOR KEY SHARE SKIP LOCKED ON CONFLICT DO NOTHING
            """,
            UserTable.markSeen(gone, at: Array(left.values)),
        ])
        return Set(try results[3].map { try $0["id"] })
    }

    /// Who is connected to which server.
    package func rows() async throws -> [(user: UserID, node: NodeIdentity)] {
        try await database.query(
            "SELECT p.user_id, n.number, n.id FROM node_presence p JOIN nodes n ON n.id = p.node_id"
        ).map { (try $0[0], NodeIdentity(number: UInt16(try $0[1] as Int), epoch: try $0[2])) }
    }

    /// After a crash of a server of the version before `node_presence`: everybody who was connected to it was last seen at
    /// its last lease, which it renewed every ten seconds. Rows that are locked are skipped, so that the server starts
    /// without waiting.
    package func takeOver() async throws {
        let isOver: PostgresQuery =
            "NOT EXISTS (SELECT 1 FROM presence_lease WHERE alive_at > now() - interval '30 seconds')"
        try await database.atomically([
            UserTable.markPresentSeen(where: isOver),
            "DELETE FROM presence WHERE \(isOver)",
        ])
    }
}
