package import ChatModel
import Foundation
import PostgresClient

/// The exchange of a refresh token for its successor. Lives as long as the transaction.
package struct TokenExchange: Sendable {
    let token: String
    let transaction: PostgresTransaction

    package struct Token: Sendable {
        package var session: SessionID
        package var user: UserID
        /// Seconds since it was spent; nil while it has not been.
        package var spentFor: Double?
        package var hasSessionEnded: Bool
        package var isAccountClosed: Bool
        package var ban: Ban?
    }

    /// Reads the token and locks it for the rest of the transaction. Nil when it is not known.
    package func lock() async throws -> Token? {
        let rows = try await transaction.query(
            """
            SELECT t.session_id, s.user_id, extract(epoch FROM clock_timestamp() - t.spent_at)::float8 AS spent_for,
                s.revoked_at IS NOT NULL OR s.expires_at < now() AS ended, \(UserTable.isClosed) AS closed, \(UserTable.banColumns)
            FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id
            WHERE t.hash = \(SessionStore.hash(token)) FOR UPDATE OF t
            """)
        return try rows.first.map { row in
            Token(
                session: try row["session_id"], user: try row["user_id"], spentFor: try row["spent_for"],
                hasSessionEnded: try row["ended"], isAccountClosed: try row["closed"],
                ban: try UserTable.ban(from: row))
        }
    }

    /// Whether another token was spent; nil when it is not known.
    package func isSpent(_ other: String) async throws -> Bool? {
        try await transaction.query(
            "SELECT spent_at IS NOT NULL AS spent FROM refresh_tokens WHERE hash = \(SessionStore.hash(other))"
        ).first?["spent"]
    }

    /// Spends the token, but keeps the time at which it was first spent, and stores its successor.
    package func replace(by successor: String, of session: SessionID) async throws {
        try await transaction.query(
            """
            UPDATE refresh_tokens SET spent_at = coalesce(spent_at, clock_timestamp())
            WHERE hash = \(SessionStore.hash(token))
            """)
        try await transaction.query(
            "INSERT INTO refresh_tokens (hash, session_id) VALUES (\(SessionStore.hash(successor)), \(session))")
        try await transaction.query(
            """
            UPDATE sessions SET last_used_at = now(), expires_at = \(Date() + SessionStore.lifetime)
            WHERE id = \(session)
            """)
    }
}
