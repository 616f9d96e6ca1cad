import ChatModel
import Foundation
import PostgresClient

/// What several stores need to know of a row of `users`, and to write into it. Each rule is written once.
enum UserTable {
    /// Whether a ban has no end, or has not ended yet. `u` is the user's row.
    static let isBanned: PostgresQuery =
        "(u.banned_at IS NOT NULL AND (u.banned_until IS NULL OR u.banned_until > now()))"

    /// Whether the account is banned or was disabled by an operator. `u` is the user's row.
    static let isClosed: PostgresQuery = "(u.disabled_at IS NOT NULL OR \(isBanned))"

    /// Whether the user is muted now. `u` is the user's row; false without one.
    static let isMuted: PostgresQuery = "coalesce(u.muted_until > now(), false)"

    /// The end of a mute that lasts. `u` is the user's row.
    static let mutedUntil: PostgresQuery = "CASE WHEN u.muted_until > now() THEN u.muted_until END AS muted_until"

    /// Whether the upload `up` is somebody's avatar.
    static let carriesUpload: PostgresQuery = "EXISTS (SELECT 1 FROM users u WHERE u.avatar_upload_id = up.id)"

    /// Sets when each user was last seen, but skips rows that somebody else has locked.
    /// - Returns: The ids of the users that were skipped.
    static func markSeen(_ users: [UserID], at dates: [Date]) -> PostgresQuery {
        """
        WITH free AS MATERIALIZED (
            SELECT id FROM users WHERE id = ANY(\(users)) FOR NO KEY UPDATE SKIP LOCKED
        ), seen AS (
            UPDATE users SET last_seen_at = greatest(last_seen_at, gone.seen)
            FROM free JOIN unnest(\(users), \(dates)) AS gone (id, seen) ON gone.id = free.id
            WHERE users.id = free.id
        )
        SELECT id FROM users WHERE id = ANY(\(users)) AND id NOT IN (SELECT id FROM free)
        """
    }

    /// Sets when everybody in `presence` was last seen: at the last lease. Skips rows that somebody else has locked.
    static func markPresentSeen(where condition: PostgresQuery) -> PostgresQuery {
        """
        WITH free AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM presence) FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE users u SET last_seen_at = greatest(u.last_seen_at, l.alive_at)
        FROM free, presence_lease l WHERE u.id = free.id AND \(condition)
        """
    }
}
