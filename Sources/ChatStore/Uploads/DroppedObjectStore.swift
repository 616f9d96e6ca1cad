import PostgresClient

/// The SQL of objects that are to be deleted: those that no row refers to any more, and new ones until a row takes them.
///
/// Whoever stores an object announces its key first, to be deleted a day later. The statement that makes the object's row
/// takes the key from here. So each object has a row or a key here at any moment, whatever becomes of its server, and the
/// database alone decides which of the two: giving a key up does nothing to one that was taken.
package struct DroppedObjectStore: Sendable {
    let database: PostgresClient

    /// After so many seconds, an announced object was left by a server that died.
    package static let abandoned: Double = 24 * 3600
    /// How long objects stay after their row has forgotten them although they are whole. Whoever is sent one gets its end.
    static let grace: Double = 3600
    /// Nobody takes a key so shortly before its time: its objects must not be deleted while a transaction is under way.
    private static let margin: Double = 600
    /// The longest pause after a deletion that failed. Less than the margin: the key cannot be taken.
    package static let maxPause: Double = 300

    /// Notes keys before their objects are stored.
    package func announce(_ keys: [String]) async throws {
        try await database.query(
            """
            INSERT INTO dropped_objects AS d (key, dropped_at)
            SELECT unnest(\(keys)), now() + make_interval(secs => \(Self.abandoned))
            ON CONFLICT (key) DO UPDATE SET dropped_at = greatest(d.dropped_at, excluded.dropped_at)
            """)
    }

    /// The condition under which a row may take a key.
    static var isAnnounced: PostgresQuery {
        "dropped_at > clock_timestamp() + make_interval(secs => \(margin))"
    }

    /// A statement that takes a key for a row of the same transaction. Without a row, it was too late.
    static func take(_ key: String) -> PostgresQuery {
        "DELETE FROM dropped_objects WHERE key = \(key) AND \(isAnnounced) RETURNING key"
    }

    /// No row will refer to these objects. Those that a row has taken meanwhile stay.
    package func giveUp(_ keys: [String]) async throws {
        try await database.query(
            "UPDATE dropped_objects SET dropped_at = now() WHERE key = ANY(\(keys)) AND dropped_at > now()")
    }

    /// The copy beside a content's objects stays, if the content is still there.
    /// - Returns: Whether it is.
    package func keep(copy: String, of key: String) async throws -> Bool {
        let rows = try await database.query(
            """
            WITH content AS (
                SELECT sha256 FROM blobs WHERE sha256 = split_part(\(key), '/', 3) AND object_key = \(key) FOR KEY SHARE
            ), kept AS (
                DELETE FROM dropped_objects WHERE key = \(copy) AND EXISTS (SELECT FROM content)
            )
            SELECT 1 FROM content
            """)
        return !rows.isEmpty
    }

    /// Some of the keys whose time has come, the oldest first.
    package func list(limit: Int) async throws -> [String] {
        try await database.query(
            "SELECT key FROM dropped_objects WHERE dropped_at <= now() ORDER BY dropped_at LIMIT \(limit)"
        ).map { try $0["key"] }
    }

    /// Those that begin so.
    package func list(prefix: String) async throws -> [String] {
        try await database.query("SELECT key FROM dropped_objects WHERE starts_with(key, \(prefix))")
            .map { try $0["key"] }
    }

    /// Those of the keys that are still to be deleted.
    package func remaining(_ keys: [String]) async throws -> [String] {
        try await database.query("SELECT key FROM dropped_objects WHERE key = ANY(\(keys))").map { try $0["key"] }
    }

    /// The objects have been deleted.
    package func forget(_ keys: [String]) async throws {
        try await database.query("DELETE FROM dropped_objects WHERE key = ANY(\(keys)) AND dropped_at <= now()")
    }

    /// The objects could not be deleted now.
    /// - Parameter seconds: How long to wait, at most `maxPause`.
    package func postpone(_ keys: [String], by seconds: Double) async throws {
        try await database.query(
            """
            UPDATE dropped_objects SET dropped_at = now() + make_interval(secs => \(min(seconds, Self.maxPause)))
            WHERE key = ANY(\(keys)) AND dropped_at <= now()
            """)
    }

    /// No server runs: nobody reads what a row has forgotten, and nobody will take a key.
    package func makeAllDue() async throws {
        try await database.query("UPDATE dropped_objects SET dropped_at = now() WHERE dropped_at > now()")
    }

    package func isEmpty() async throws -> Bool {
        try await database.query("SELECT 1 FROM dropped_objects LIMIT 1").isEmpty
    }
}
