package import ChatModel
import Crypto
package import Foundation
import PostgresClient

/// The SQL of sessions and refresh tokens. A token itself is never stored, only its SHA-256.
package struct SessionStore: Sendable {
    /// A session ends this long after its last refresh.
    package static let lifetime: TimeInterval = 30 * 24 * 3600
    /// How many sessions one user may have at a time.
    package static let maxEach = 50

    let database: PostgresClient
    let changes: ChangeQueue

    package func insert(_ id: SessionID, user: UserID, userAgent: String, token: String) async throws {
        try await changes.atomically(
            [
                """
                INSERT INTO sessions (id, user_id, user_agent, expires_at)
                VALUES (\(id), \(user), \(userAgent), \(Date() + Self.lifetime))
                """,
                "INSERT INTO refresh_tokens (hash, session_id) VALUES (\(Self.hash(token)), \(id))",
            ], on: .user(user))
    }

    /// Exchanges a refresh token in one transaction. The exchanges of one token run one after another. `body` may run
    /// more than once: what it did is undone before it runs again.
    package func exchange<Value: Sendable>(
        _ token: String, _ body: @escaping @Sendable (TokenExchange) async throws -> Value
    ) async throws -> Value {
        try await changes.transaction(on: .token(Self.hash(token))) { transaction in
            try await body(TokenExchange(token: token, transaction: transaction))
        }
    }

    /// The session of a token, and its user.
    package func owner(of token: String) async throws -> (SessionID, UserID)? {
        let rows = try await database.query(
            """
            SELECT s.id, s.user_id FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
            WHERE t.hash = \(Self.hash(token))
            """)
        return try rows.first.map { (try $0["id"], try $0["user_id"]) }
    }

    package func list(of user: UserID, current: SessionID) async throws -> [Session] {
        let rows = try await database.query(
            """
            SELECT id, created_at, last_used_at, user_agent FROM sessions
            WHERE user_id = \(user) AND revoked_at IS NULL AND expires_at > now()
            ORDER BY last_used_at DESC LIMIT 200
            """)
        return try rows.map { row in
            let id: SessionID = try row["id"]
            return Session(
                id: id, createdAt: try row["created_at"], lastUsedAt: try row["last_used_at"],
                userAgent: try row["user_agent"], current: id == current)
        }
    }

    /// Revokes one session of `user`. False when the user has no such session, or it was revoked before.
    package func revoke(_ id: SessionID, of user: UserID) async throws -> Bool {
        let rows = try await changes.query(
            """
            UPDATE sessions SET revoked_at = now()
            WHERE id = \(id) AND user_id = \(user) AND revoked_at IS NULL RETURNING id
            """, on: .user(user))
        return !rows.isEmpty
    }

    /// Revokes every session of `user` except `kept`.
    /// - Returns: The sessions that were revoked.
    package func revokeAll(of user: UserID, except kept: SessionID?) async throws -> [SessionID] {
        let rows = try await changes.query(
            """
            UPDATE sessions SET revoked_at = now() WHERE id IN (
                SELECT id FROM sessions
                WHERE user_id = \(user) AND revoked_at IS NULL AND id IS DISTINCT FROM \(kept)
                ORDER BY id FOR NO KEY UPDATE)
            RETURNING id
            """, on: .user(user))
        return try rows.map { try $0["id"] }
    }

    /// Revokes the least recently used sessions of `user` beyond `maxEach`.
    /// - Returns: The sessions that were revoked.
    package func revokeOldest(of user: UserID) async throws -> [SessionID] {
        let rows = try await changes.query(
            """
            UPDATE sessions SET revoked_at = now() WHERE id IN (
                SELECT id FROM sessions WHERE revoked_at IS NULL AND id IN (
                    SELECT id FROM sessions
                    WHERE user_id = \(user) AND revoked_at IS NULL AND expires_at > now()
                    ORDER BY last_used_at DESC, id DESC OFFSET \(Self.maxEach))
                ORDER BY id FOR NO KEY UPDATE)
            RETURNING id
            """, on: .user(user))
        return try rows.map { try $0["id"] }
    }

    /// The sessions that were revoked since then.
    package func revoked(since: Date) async throws -> [SessionID] {
        try await database.query("SELECT id FROM sessions WHERE revoked_at > \(since)").map { try $0["id"] }
    }

    /// What the triggers of `migrations/0031_changes_for_every_server.sql` notify.
    private static let channel = "parley_sessions"

    package enum Hint: Sendable, Equatable {
        /// A session was ended.
        case ended(SessionID)
        /// Accounts were closed or opened, or the connection is new and something may have been missed.
        case accounts
    }

    /// What happens to sessions and accounts, on this server and others.
    package func hints() -> some AsyncSequence<Hint, Never> & Sendable {
        database.listen([Self.channel]).map { event in
            guard case .notification(_, let payload) = event, let id = SessionID(payload) else { return .accounts }
            return .ended(id)
        }
    }

    package func hasEnded(_ id: SessionID) async throws -> Bool {
        // By its key: a condition on `revoked_at` could make the planner read all sessions that were ended.
        let rows = try await database.query("SELECT revoked_at IS NOT NULL AS ended FROM sessions WHERE id = \(id)")
        return try rows.first.map { try $0["ended"] } ?? false
    }

    /// Deletes sessions that expired or were revoked, and tokens that were spent, longer ago than a session lasts. From
    /// then on such a token is unknown. Rows that another server deletes are left to it.
    package func forgetEnded() async throws {
        let horizon = Date() - Self.lifetime
        let deletions: [PostgresQuery] = [
            """
            DELETE FROM sessions WHERE id IN (SELECT id FROM sessions
                WHERE expires_at < \(horizon) OR revoked_at < \(horizon)
                LIMIT \(Self.forgottenTogether) FOR UPDATE SKIP LOCKED) RETURNING 1
            """,
            """
            DELETE FROM refresh_tokens WHERE hash IN (SELECT hash FROM refresh_tokens
                WHERE spent_at < \(horizon)
                LIMIT \(Self.forgottenTogether) FOR UPDATE SKIP LOCKED) RETURNING 1
            """,
        ]
        for deletion in deletions {
            while try await database.query(deletion).count == Self.forgottenTogether {}
        }
    }

    /// How many rows one statement deletes, so that none takes long.
    private static let forgottenTogether = 1000

    static func hash(_ token: String) -> [UInt8] { Array(SHA256.hash(data: Data(token.utf8))) }
}
