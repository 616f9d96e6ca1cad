import PostgresClient

/// The SQL of contents that go from the disk to an object store, or back.
package struct ContentMoveStore: Sendable {
    let database: PostgresClient

    /// A content that is still where it was.
    package struct Content: Sendable {
        package var sha256: String
        package var ownerOnly: Bool
        /// Of the file that is served.
        package var servedSize: Int
        package var servedSHA256: String
        /// The names of its thumbnails.
        package var thumbnails: [String]
        /// nil: on the disk.
        package var objectKey: String?

        /// Whether the row `b` is as it was read. An upload of the same bytes may have replaced files.
        fileprivate var isUnchanged: PostgresQuery {
            """
            (b.sha256 = \(sha256) AND b.owner_only = \(ownerOnly) AND b.served_size = \(servedSize)
                AND b.served_sha256 = \(servedSHA256) AND b.object_key IS NOT DISTINCT FROM \(objectKey)::text
                AND \(ContentMoveStore.sizes) = \(thumbnails)::text[])
            """
        }
    }

    private static let sizes: PostgresQuery = "ARRAY(SELECT t->>'size' FROM jsonb_array_elements(b.thumbnails) t)"

    /// Runs `body` while nobody else moves contents of this database.
    /// - Parameter body: Gets a function that fails once that is no longer certain. It is called now and then.
    /// - Returns: nil if somebody else is at it.
    package func alone<Value: Sendable>(
        _ body: (_ check: () async throws -> Void) async throws -> Value
    ) async throws -> Value? {
        try await database.withTransaction { transaction in
            let lock = try await transaction.query("SELECT pg_try_advisory_xact_lock(\(Self.lock)) AS taken").first
            guard try lock?["taken"] ?? false else { return nil }
            return try await body { _ = try await transaction.query("SELECT 1") }
        }
    }

    /// Any number that nothing else locks: "move" in ASCII.
    private static let lock = 0x6d6f_7665

    /// How many contents there are on the disk, or in the object store, and how many bytes they have.
    package func count(onDisk: Bool) async throws -> (contents: Int, bytes: Int) {
        let row = try await database.query(
            """
            SELECT count(*)::int8 AS contents, coalesce(sum(served_size), 0)::int8 AS bytes FROM blobs
            WHERE (object_key IS NULL) = \(onDisk)
            """
        ).first
        return (try row?["contents"] ?? 0, try row?["bytes"] ?? 0)
    }

    /// Those whose address begins with these two digits.
    package func list(prefix: String, onDisk: Bool) async throws -> [Content] {
        try await database.query(
            """
            SELECT sha256, owner_only, served_size, served_sha256, object_key, \(Self.sizes) AS sizes
            FROM blobs b WHERE sha256 >= \(prefix) AND sha256 < \(prefix + "g") AND (object_key IS NULL) = \(onDisk)
            ORDER BY sha256
            """
        ).map { row in
            Content(
                sha256: try row["sha256"], ownerOnly: try row["owner_only"], servedSize: try row["served_size"],
                servedSHA256: try row["served_sha256"], thumbnails: try row["sizes"], objectKey: try row["object_key"])
        }
    }

    /// Those of the addresses whose files are in the object store.
    package func inStore(_ addresses: [String]) async throws -> [String] {
        try await database.query(
            "SELECT sha256 FROM blobs WHERE sha256 = ANY(\(addresses)) AND object_key IS NOT NULL"
        ).map { try $0["sha256"] }
    }

    /// The content's files are in the object store now, at a key that was announced.
    /// - Returns: False if the content is gone, or other than it was: the key is still to be given up.
    package func moveToStore(_ content: Content, key: String) async throws -> Bool {
        try await database.withTransaction { transaction in
            guard try await isLocked(content, transaction),
                try await !transaction.query(DroppedObjectStore.take(key)).isEmpty
            else { return false }
            try await transaction.query("UPDATE blobs SET object_key = \(key) WHERE sha256 = \(content.sha256)")
            return true
        }
    }

    /// The content's files are on the disk when `adopt` has put them there. Nobody removes them meanwhile.
    /// - Returns: False if the content is gone, or other than it was. Nothing was put on the disk then.
    package func moveToDisk(_ content: Content, adopt: () async throws -> Void) async throws -> Bool {
        try await database.withTransaction { transaction in
            guard try await isLocked(content, transaction) else { return false }
            try await adopt()
            try await transaction.query("UPDATE blobs SET object_key = NULL WHERE sha256 = \(content.sha256)")
            try await transaction.query(
                """
                INSERT INTO dropped_objects (key, dropped_at)
                SELECT \(content.objectKey), now() + make_interval(secs => \(DroppedObjectStore.grace))
                ON CONFLICT DO NOTHING
                """)
            return true
        }
    }

    private func isLocked(_ content: Content, _ transaction: PostgresTransaction) async throws -> Bool {
        try await !transaction.query("SELECT 1 FROM blobs b WHERE \(content.isUnchanged) FOR NO KEY UPDATE").isEmpty
    }

    /// Runs `body` if the content's files are in the object store, and while they stay there.
    /// - Returns: nil if they are not.
    package func whileInStore<Value: Sendable>(
        _ sha256: String, _ body: () async throws -> Value
    ) async throws -> Value? {
        try await database.withTransaction { transaction in
            let found = try await transaction.query(
                "SELECT 1 FROM blobs WHERE sha256 = \(sha256) AND object_key IS NOT NULL FOR NO KEY UPDATE")
            return found.isEmpty ? nil : try await body()
        }
    }

    /// All files are on the disk: a backup was restored there.
    package func forgetKeys() async throws {
        try await database.query("UPDATE blobs SET object_key = NULL WHERE object_key IS NOT NULL")
    }
}
