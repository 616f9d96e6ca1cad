package import ChatModel
package import Foundation
import PostgresClient

/// The SQL of people and their passwords.
package struct UserStore: Sendable {
    let database: PostgresClient
    let changes: ChangeQueue
    let links: UploadLinks

    /// The columns that `read` needs. `u` is the user's row.
    static let columns: PostgresQuery = """
        u.id AS user_id, u.username, u.display_name, u.about, u.created_at AS user_created_at, u.last_seen_at,
        u.avatar_upload_id, \(UserTable.isClosed) AS is_closed, \(UserTable.statusColumns)
        """

    package struct Credentials: Sendable {
        package var id: UserID
        package var hash: String
        package var isClosed: Bool
        package var ban: Ban?
    }

    package func insert(id: UserID, username: String, displayName: String, hash: String) async throws {
        do {
            try await database.atomically([
                "INSERT INTO users (id, username, display_name) VALUES (\(id), \(username), \(displayName))",
                "INSERT INTO passwords (user_id, hash) VALUES (\(id), \(hash))",
            ])
        } catch {
            guard error.violates("users_username_key") else { throw error }
            throw ChatError(.usernameTaken, "username: somebody has this name already", field: "username")
        }
    }

    package func exists(username: String) async throws -> Bool {
        try await !database.query("SELECT 1 FROM users WHERE username = \(username)").isEmpty
    }

    /// Those of `ids` that are users.
    package func existing(_ ids: [UserID]) async throws -> Set<UserID> {
        let rows = try await database.query("SELECT id FROM users WHERE id = ANY(\(ids))")
        return Set(try rows.map { try $0["id"] })
    }

    package func credentials(username: String) async throws -> Credentials? {
        try await credentials("u.username = \(username)")
    }

    package func credentials(id: UserID) async throws -> Credentials? {
        try await credentials("u.id = \(id)")
    }

    private func credentials(_ condition: PostgresQuery) async throws -> Credentials? {
        let rows = try await database.query(
            """
            SELECT u.id, p.hash, \(UserTable.isClosed) AS closed, \(UserTable.banColumns)
            FROM users u JOIN passwords p ON p.user_id = u.id WHERE \(condition)
            """)
        return try rows.first.map { row in
            Credentials(
                id: try row["id"], hash: try row["hash"], isClosed: try row["closed"],
                ban: try UserTable.ban(from: row))
        }
    }

    package func setPassword(_ hash: String, of id: UserID) async throws {
        try await changes.query(
            "UPDATE passwords SET hash = \(hash), changed_at = now() WHERE user_id = \(id)", on: .user(id))
    }

    /// Closes an account: nobody can sign in to it.
    package func disable(_ id: UserID) async throws {
        try await database.query("UPDATE users SET disabled_at = coalesce(disabled_at, now()) WHERE id = \(id)")
    }

    package func enable(_ id: UserID) async throws {
        try await database.query("UPDATE users SET disabled_at = NULL WHERE id = \(id)")
    }

    /// Notes that bans have come to their end. Nobody writes then, so the rows still say that these accounts are closed.
    /// Skips rows that somebody else has locked.
    /// - Returns: The accounts that are open again.
    package func reopen() async throws -> [UserID] {
        try await database.query(
            """
            WITH ended AS MATERIALIZED (
                SELECT id FROM users u WHERE u.closed AND u.banned_until <= now() AND NOT \(UserTable.isClosed)
                FOR NO KEY UPDATE SKIP LOCKED
            )
            UPDATE users u SET closed = false FROM ended WHERE u.id = ended.id RETURNING u.id
            """
        ).map { try $0["id"] }
    }

    /// Until when those of `users` are muted; nil for a user who is not.
    package func mutes(of users: [UserID]) async throws -> [(user: UserID, until: Date?)] {
        try await database.query("SELECT u.id, \(UserTable.mutedUntil) FROM users u WHERE u.id = ANY(\(users))")
            .map { (try $0["id"], try $0["muted_until"]) }
    }

    /// The users whose access tokens are refused, because they are banned or disabled, and until when; nil for a ban
    /// without an end.
    package func closed() async throws -> [(id: UserID, until: Date?, ban: Ban?)] {
        try await database.query(
            "SELECT u.id, \(UserTable.banColumns) FROM users u WHERE \(UserTable.isClosed)"
        ).map { row in
            (try row["id"], try row["ban_until"], try UserTable.ban(from: row))
        }
    }

    package func find(_ id: UserID) async throws -> User? { try await find([id]).first }

    /// Each user as only they may see themselves.
    /// - Returns: The users, each with the moment at which they were read.
    package func findSelf(_ ids: [UserID]) async throws -> [(user: User, moment: SyncCursor)] {
        let rows = try await database.query(
            """
            SELECT \(Self.columns), \(UserTable.mutedUntil), \(Moment.columns)
            FROM users u WHERE u.id = ANY(\(ids))
            """)
        return try zip(rows, try await read(rows)).map { row, user in
            var user = user
            user.lastSeenAt = nil
            user.mutedUntil = try row["muted_until"]
            return (user, try Moment.cursor(from: row))
        }
    }

    /// Those of `ids` whose profile changed past `position`, in the order in which it goes on.
    package func changed(
        among ids: [UserID], past position: SyncCursor.ProfilePosition, limit: Int
    ) async throws -> [(user: User, position: SyncCursor.ProfilePosition)] {
        let rows = try await database.query(
            """
            SELECT \(Self.columns), x.changed
            FROM users u CROSS JOIN LATERAL (SELECT \(Moment.number(of: "u.changed_xid")) AS changed) x
            WHERE u.id = ANY(\(ids)) AND (x.changed, u.id) > (\(position.transaction), \(position.user))
            ORDER BY x.changed, u.id LIMIT \(limit)
            """)
        return try zip(rows, try await read(rows)).map { row, user in
            (user, SyncCursor.ProfilePosition(transaction: try row["changed"], user: user.id))
        }
    }

    /// Whose profile this transaction or a later one changed, in the order of their ids, past `last`.
    package func changed(since transaction: Int, past last: UserID?, limit: Int) async throws -> [UserID] {
        try await database.query(
            """
            SELECT u.id FROM users u WHERE \(Moment.number(of: "u.changed_xid")) >= \(transaction)
                AND u.id > coalesce(\(last)::uuid, '00000000-0000-0000-0000-000000000000')
            ORDER BY u.id LIMIT \(limit)
            """
        ).map { try $0["id"] }
    }

    /// Those of `ids` that exist, in no particular order.
    package func find(_ ids: [UserID]) async throws -> [User] {
        guard !ids.isEmpty else { return [] }
        let rows = try await database.query(
            """
            SELECT \(Self.columns), \(UploadStore.columns) FROM users u
                LEFT JOIN uploads up ON up.id = u.avatar_upload_id AND up.removed_at IS NULL
                LEFT JOIN blobs b ON b.sha256 = up.sha256
            WHERE u.id = ANY(\(ids))
            """)
        return try rows.map { row in
            try Self.user(from: row) { _ in
                guard try row.decode("upload_id", as: UploadID?.self) != nil else { return nil }
                return try uploads.upload(from: row)
            }
        }
    }

    /// Finds people by the beginnings of words of their names, in any order. A leading `@` belongs to no name. An empty
    /// query finds everybody.
    package func search(_ query: String, limit: Int) async throws -> [User] {
        let rows = try await database.query(
            """
            SELECT \(Self.columns) FROM users u
            WHERE \(UserTable.isNamed(query)) AND NOT \(UserTable.isClosed)
            ORDER BY u.username LIMIT \(limit)
            """, plan: .forValues)
        return try await read(rows)
    }

    /// The fields of a profile that change.
    package struct ProfileChange: Sendable {
        package var displayName: String?
        package var about = FieldChange<String>.keep
        package var avatar = FieldChange<UploadID>.keep
        package var status = FieldChange<StatusMessage>.keep
        package var doNotDisturb = FieldChange<DoNotDisturb>.keep

        package init() {}

        /// Whether it says something to others.
        var speaks: Bool { displayName != nil || about.isSet || avatar.isSet || status.isSet }
    }

    /// - Returns: Whether anything is different from before.
    /// - Throws: `muted`, because a name is something said to others, too. Silence is not.
    @discardableResult
    package func update(_ id: UserID, _ change: ProfileChange) async throws -> Bool {
        guard change.speaks || change.doNotDisturb.isSet else { return false }
        let about = change.about.value
        let avatar = change.avatar.value
        let changed = try await changes.query(
            """
            UPDATE users u SET
                display_name = coalesce(\(change.displayName), display_name),
                about = CASE WHEN \(change.about.isSet) THEN \(about) ELSE about END,
                avatar_upload_id = CASE WHEN \(change.avatar.isSet) THEN \(avatar) ELSE avatar_upload_id END,
                \(UserTable.setStatus(change.status, silence: change.doNotDisturb))
            WHERE u.id = \(id) AND (NOT \(change.speaks) OR NOT \(UserTable.isMuted))
            RETURNING changed_xid = pg_current_xact_id() AS is_changed
            """, on: .user(id))
        guard let row = changed.first else { throw Permissions.muted }
        return try row["is_changed"]
    }

    /// Makes users from rows with `columns`. If there are avatars, they are read in one more query.
    func read(_ rows: PostgresResult) async throws -> [User] {
        let avatarIDs = try rows.compactMap { try $0.decode("avatar_upload_id", as: UploadID?.self) }
        let avatars = try await uploads.find(avatarIDs)
        return try rows.map { try Self.user(from: $0) { avatars[$0] } }
    }

    private var uploads: UploadStore { UploadStore(database: database, changes: changes, links: links) }

    private static func user(from row: PostgresRow, avatar: (UploadID) throws -> Upload?) throws -> User {
        User(
            id: try row["user_id"],
            username: try row["username"],
            displayName: try row["display_name"],
            about: try row["about"],
            avatar: try row.decode("avatar_upload_id", as: UploadID?.self).flatMap(avatar),
            createdAt: try row["user_created_at"],
            lastSeenAt: try row["last_seen_at"], isClosed: try row["is_closed"],
            statusMessage: try UserTable.status(from: row), doNotDisturb: try UserTable.doNotDisturb(from: row))
    }
}
