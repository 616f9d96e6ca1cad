import Foundation
import PostgresClient

/// What several stores need to know of the rows of servers.
enum NodeTable {
    /// Whether the server's row is so old that it counts as dead. `n` is the row.
    static let isDead: PostgresQuery = "(n.alive_at <= now() - interval '15 seconds')"

    /// Deletes the rows of servers. Those who were connected to them were last seen when the server was last alive; users
    /// whose rows are locked are skipped. The servers' rows are locked by the same transaction, so that no server writes
    /// who is connected to it while its row is deleted.
    static func bury(_ nodes: [UUID]) -> [PostgresQuery] {
        [
            """
            WITH gone AS (
                SELECT p.user_id, max(n.alive_at) AS seen FROM node_presence p JOIN nodes n ON n.id = p.node_id
                WHERE n.id = ANY(\(nodes)) GROUP BY p.user_id
            ), free AS MATERIALIZED (
                SELECT id FROM users WHERE id IN (SELECT user_id FROM gone) FOR NO KEY UPDATE SKIP LOCKED
            )
            UPDATE users u SET last_seen_at = greatest(u.last_seen_at, gone.seen)
            FROM free JOIN gone ON gone.user_id = free.id WHERE u.id = free.id
            """,
            "DELETE FROM node_presence WHERE node_id = ANY(\(nodes))",
            "DELETE FROM nodes WHERE id = ANY(\(nodes))",
        ]
    }
}
