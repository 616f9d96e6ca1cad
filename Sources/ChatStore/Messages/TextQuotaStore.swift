package import ChatModel
import PostgresClient

/// The SQL of `stored_text`.
package struct TextQuotaStore: Sendable {
    let database: PostgresClient

    /// Adds to the counts. Skips a new user whose row is locked. Rows are locked in one order, so that two servers never
    /// wait for each other.
    /// - Returns: The counts of the users now.
    package func add(_ changes: [UserID: Int]) async throws -> [UserID: Int] {
        let users = Array(changes.keys)
        let results = try await database.atomically([
            """
            INSERT INTO stored_text (user_id, bytes) SELECT id, 0 FROM users WHERE id = ANY(\(users)) ORDER BY id
            FOR KEY SHARE SKIP LOCKED ON CONFLICT DO NOTHING
            """,
            "SELECT 1 FROM stored_text WHERE user_id = ANY(\(users)) ORDER BY user_id FOR NO KEY UPDATE",
            """
            UPDATE stored_text t SET bytes = greatest(t.bytes + c.change, 0)
            FROM unnest(\(users), \(Array(changes.values))) AS c (user_id, change)
            WHERE t.user_id = c.user_id RETURNING t.user_id, t.bytes
            """,
        ])
        return try Dictionary(
            results[2].map { (try $0["user_id"], try $0["bytes"]) }, uniquingKeysWith: max)
    }
}
