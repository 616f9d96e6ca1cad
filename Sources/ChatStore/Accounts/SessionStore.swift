package import ChatModel
import Crypto
package import Foundation
package import PostgresClient

/// The SQL of sessions and refresh tokens. A token itself is never stored, only its SHA-256.
package struct SessionStore: Sendable {
    /// A session ends this long after its last refresh.
    package static let lifetime: TimeInterval = 30 * 24 * 3600
    /// Of one user, at once.
    package static let maximumEach = 50

    let database: PostgresClient
    let changes: ChangeQueue

    package struct Token: Sendable {
        package var sessionID: SessionID
        package var userID: UserID
        /// Seconds since it was spent; nil while it has not been.
        package var spentFor: Double?
        package var ended: Bool
        package var banned: Bool
    }

    package func insert(_ id: SessionID, user: UserID, userAgent: String, token: String) async throws {
        try await changes.atomically(
            [
                """
                INSERT INTO sessions (id, user_id, user_agent, expires_at)
                VALUES (\(id.uuid), \(user.uuid), \(userAgent), \(Date() + Self.lifetime))
                """,
                "INSERT INTO refresh_tokens (hash, session_id) VALUES (\(Self.hash(token)), \(id.uuid))",
            ], on: .user(user))
    }

    /// Runs what exchanges a refresh token, one such at a time for each.
    package func exchange<Value: Sendable>(
        _ token: String, _ body: @escaping @Sendable (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        try await changes.transaction(on: .token(Self.hash(token)), body)
    }

    /// Reads and locks a refresh token for the rest of the transaction.
    package func lock(_ token: String, in transaction: PostgresTransaction) async throws -> Token? {
        let rows = try await transaction.query(
            """
            SELECT t.session_id, s.user_id, extract(epoch FROM clock_timestamp() - t.spent_at)::float8 AS spent_for,
                s.revoked_at IS NOT NULL OR s.expires_at < now() AS ended,
                \(UserStore.isBanned) OR u.disabled_at IS NOT NULL AS banned
            FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id
            WHERE t.hash = \(Self.hash(token)) FOR UPDATE OF t
            """)
        return try rows.first.map { row in
            Token(
                sessionID: SessionID(try row.decode("session_id")), userID: UserID(try row.decode("user_id")),
                spentFor: try row.decode("spent_for"), ended: try row.decode("ended"), banned: try row.decode("banned"))
        }
    }

    /// Whether a token was spent; nil for one that is not known.
    package func isSpent(_ token: String, in transaction: PostgresTransaction) async throws -> Bool? {
        let rows = try await transaction.query(
            "SELECT spent_at IS NOT NULL AS spent FROM refresh_tokens WHERE hash = \(Self.hash(token))")
        return try rows.first.map { try $0.decode("spent") }
    }

    /// The session of a token, and its user.
    package func owner(of token: String) async throws -> (SessionID, UserID)? {
        let rows = try await database.query(
            """
            SELECT s.id, s.user_id FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
            WHERE t.hash = \(Self.hash(token))
            """)
        return try rows.first.map { (SessionID(try $0.decode("id")), UserID(try $0.decode("user_id"))) }
    }

    /// Spends `token` (keeping the time it was first spent) and stores its successor.
    package func replace(
        _ token: String, by successor: String, of session: SessionID, in transaction: PostgresTransaction
    ) async throws {
        try await transaction.query(
            """
            UPDATE refresh_tokens SET spent_at = coalesce(spent_at, clock_timestamp()) WHERE hash = \(Self.hash(token))
            """)
        try await transaction.query(
            "INSERT INTO refresh_tokens (hash, session_id) VALUES (\(Self.hash(successor)), \(session.uuid))")
        try await transaction.query(
            """
            UPDATE sessions SET last_used_at = now(), expires_at = \(Date() + Self.lifetime) WHERE id = \(session.uuid)
            """)
    }

    package func list(of user: UserID, current: SessionID) async throws -> [Session] {
        let rows = try await database.query(
            """
            SELECT id, created_at, last_used_at, user_agent FROM sessions
            WHERE user_id = \(user.uuid) AND revoked_at IS NULL AND expires_at > now()
            ORDER BY last_used_at DESC LIMIT 200
            """)
        return try rows.map { row in
            let id = SessionID(try row.decode("id"))
            return Session(
                id: id, createdAt: try row.decode("created_at"), lastUsedAt: try row.decode("last_used_at"),
                userAgent: try row.decode("user_agent"), current: id == current)
        }
    }

    /// Revokes one session of `user`; false when it has no such session that is still good.
    package func revoke(_ id: SessionID, of user: UserID) async throws -> Bool {
        let rows = try await changes.query(
            """
            UPDATE sessions SET revoked_at = now()
            WHERE id = \(id.uuid) AND user_id = \(user.uuid) AND revoked_at IS NULL RETURNING id
            """, on: .user(user))
        return !rows.isEmpty
    }

    /// Revokes every session of `user` but `kept`, and tells which they were.
    package func revokeAll(of user: UserID, except kept: SessionID?) async throws -> [SessionID] {
        let rows = try await changes.query(
            """
            UPDATE sessions SET revoked_at = now()
            WHERE user_id = \(user.uuid) AND revoked_at IS NULL AND id IS DISTINCT FROM \(kept?.uuid) RETURNING id
            """, on: .user(user))
        return try rows.map { SessionID(try $0.decode("id")) }
    }

    /// Revokes those sessions of `user`, beyond so many, that were used least lately, and tells which they were.
    package func revokeOldest(of user: UserID) async throws -> [SessionID] {
        let rows = try await changes.query(
            """
            UPDATE sessions SET revoked_at = now() WHERE revoked_at IS NULL AND id IN (
                SELECT id FROM sessions
                WHERE user_id = \(user.uuid) AND revoked_at IS NULL AND expires_at > now()
                ORDER BY last_used_at DESC, id DESC OFFSET \(Self.maximumEach))
            RETURNING id
            """, on: .user(user))
        return try rows.map { SessionID(try $0.decode("id")) }
    }

    /// What an access token that is still running may not be used for: sessions revoked since `since`, and users who are
    /// banned or disabled.
    package func refused(since: Date) async throws -> (sessions: [SessionID], users: [(id: UserID, until: Date?)]) {
        let sessions = try await database.query("SELECT id FROM sessions WHERE revoked_at > \(since)")
        let users = try await database.query(
            """
            SELECT u.id, CASE WHEN u.disabled_at IS NULL THEN u.banned_until END AS until
            FROM users u WHERE \(UserStore.isBanned) OR u.disabled_at IS NOT NULL
            """)
        return (
            try sessions.map { SessionID(try $0.decode("id")) },
            try users.map { (UserID(try $0.decode("id")), try $0.decode("until")) }
        )
    }

    /// What is notified when sessions were ended from outside of the server.
    private static let channel = "parley_sessions"

    /// A hint whenever sessions were ended from outside, and when the connection is new: some may have been missed.
    package func hints() -> some AsyncSequence<Void, Never> & Sendable {
        database.listen([Self.channel]).map { _ in }
    }

    /// Tells the servers that sessions or accounts have changed.
    package func notify() async throws { try await database.query("SELECT pg_notify(\(Self.channel), '')") }

    /// Forgets sessions that expired or were ended, and tokens that were spent, longer ago than a session lasts: whoever
    /// still comes with one of them is told that it is not known.
    package func forgetEnded() async throws {
        let horizon = Date() - Self.lifetime
        let deletions: [PostgresQuery] = [
            """
            DELETE FROM sessions WHERE id IN (SELECT id FROM sessions
                WHERE expires_at < \(horizon) OR revoked_at < \(horizon) LIMIT \(Self.forgottenTogether)) RETURNING 1
            """,
            """
            DELETE FROM refresh_tokens WHERE hash IN (SELECT hash FROM refresh_tokens
                WHERE spent_at < \(horizon) LIMIT \(Self.forgottenTogether)) RETURNING 1
            """,
        ]
        for deletion in deletions {
            while try await database.query(deletion).count == Self.forgottenTogether {}
        }
    }

    /// Rows of one deletion, so that none takes long.
    private static let forgottenTogether = 1000

    private static func hash(_ token: String) -> [UInt8] { Array(SHA256.hash(data: Data(token.utf8))) }
}
