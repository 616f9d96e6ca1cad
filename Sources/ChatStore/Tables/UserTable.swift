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

    /// What a banned user is told: the columns that `ban` reads. `u` is the user's row.
    static let banColumns: PostgresQuery = """
        CASE WHEN \(isBanned) THEN u.ban_reason END AS ban_reason,
        CASE WHEN \(isBanned) AND u.disabled_at IS NULL THEN u.banned_until END AS ban_until
        """

    static func ban(from row: PostgresRow) throws -> Ban? {
        Ban(reason: try row["ban_reason"], until: try row["ban_until"])
    }

    /// Whether somebody's names have words that begin like those of a query, in any order. `u` is the user's row.
    static func isNamed(_ query: String) -> PostgresQuery {
        let name = query.drop { $0 == "@" || $0.isWhitespace }
        // A user name of signs only has no word.
        let prefix =
            name.lowercased().replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_")
            + "%"
        return """
            (u.username LIKE \(prefix)
                OR search_words(u.display_name || ' ' || u.username) @@ search_names(\(String(name))))
            """
    }

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

    /// The columns that `status` and `doNotDisturb` read. What has ended is none. `u` is the user's row.
    static let statusColumns: PostgresQuery = """
        CASE WHEN u.status_until IS NULL OR u.status_until > now() THEN u.status_text END AS status_text,
        u.status_emoji, u.status_until, CASE WHEN u.quiet_until > now() THEN u.quiet_until END AS quiet_until,
        u.quiet_from, u.quiet_to, u.quiet_zone
        """

    static func status(from row: PostgresRow) throws -> StatusMessage? {
        guard let text = try row.decode("status_text", as: String?.self) else { return nil }
        return StatusMessage(text: text, emoji: try row["status_emoji"], until: try row["status_until"])
    }

    static func doNotDisturb(from row: PostgresRow) throws -> DoNotDisturb? {
        let hours = try row.decode("quiet_zone", as: String?.self).map { zone in
            DoNotDisturb.Hours(from: try row["quiet_from"], to: try row["quiet_to"], timeZone: zone)
        }
        return DoNotDisturb(until: try row["quiet_until"], hours: hours)
    }

    /// What an update sets.
    static func setStatus(
        _ status: FieldChange<StatusMessage>, silence: FieldChange<DoNotDisturb>
    ) -> PostgresQuery {
        let (said, quiet) = (status.value, silence.value)
        let (text, emoji, end) = (said?.text, said?.emoji, said?.until)
        let (quietEnd, from, to) = (quiet?.until, quiet?.hours?.from, quiet?.hours?.to)
        let zone = quiet?.hours?.timeZone
        return """
            status_text = CASE WHEN \(status.isSet) THEN \(text) ELSE status_text END,
            status_emoji = CASE WHEN \(status.isSet) THEN \(emoji) ELSE status_emoji END,
            status_until = CASE WHEN \(status.isSet) THEN \(end) ELSE status_until END,
            quiet_until = CASE WHEN \(silence.isSet) THEN \(quietEnd) ELSE quiet_until END,
            quiet_from = CASE WHEN \(silence.isSet) THEN \(from) ELSE quiet_from END,
            quiet_to = CASE WHEN \(silence.isSet) THEN \(to) ELSE quiet_to END,
            quiet_zone = CASE WHEN \(silence.isSet) THEN \(zone) ELSE quiet_zone END
            """
    }
}
