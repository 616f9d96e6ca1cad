package import ChatModel
import PostgresClient

/// The SQL that finds unused uploads, and that compares the database with the disk.
package struct OrphanStore: Sendable {
    let database: PostgresClient
    /// How long an upload may be unused, in seconds.
    let lifetime: Int

    package struct Orphan: Sendable {
        package var id: UploadID
        package var owner: UserID
        package var sha256: String
    }

    /// Some of the uploads that nothing has ever carried.
    package func unattached(limit: Int) async throws -> [Orphan] {
        try await orphans(
            """
            SELECT up.id, up.owner_id, up.sha256 FROM uploads up
            WHERE up.removed_at IS NULL AND up.created_at < \(horizon)
                AND NOT EXISTS (SELECT 1 FROM attachments a WHERE a.upload_id = up.id)
                AND NOT \(UserTable.carriesUpload) AND NOT \(LinkCardTable.carriesUpload)
            ORDER BY up.created_at LIMIT \(limit)
            """)
    }

    /// Some of the uploads whose messages were all deleted by their senders, the last one long enough ago. What a
    /// moderator deleted stays as evidence.
    package func withdrawn(limit: Int) async throws -> [Orphan] {
        try await orphans(
            "SELECT up.id, up.owner_id, up.sha256 FROM uploads up WHERE \(isWithdrawn) ORDER BY up.id LIMIT \(limit)")
    }

    private var isWithdrawn: PostgresQuery {
        """
        up.removed_at IS NULL
            AND EXISTS (SELECT 1 FROM attachments a WHERE a.upload_id = up.id)
            AND NOT EXISTS (SELECT 1 FROM attachments a JOIN messages m ON m.id = a.message_id
                WHERE a.upload_id = up.id AND (m.deleted_at IS NULL OR m.deleted_at >= \(horizon)
                    OR m.deleted_by IS DISTINCT FROM m.sender_id))
            AND NOT \(UserTable.carriesUpload) AND NOT \(LinkCardTable.carriesUpload)
        """
    }

    private var horizon: PostgresQuery { "now() - make_interval(secs => \(Double(lifetime)))" }

    private func orphans(_ query: PostgresQuery) async throws -> [Orphan] {
        try await database.query(query).map { row in
            Orphan(
                id: try row["id"], owner: try row["owner_id"],
                sha256: try row["sha256"])
        }
    }

    /// Marks a withdrawn upload as removed, and with the last reference deletes its blob.
    /// - Returns: Whether nothing refers to its content any more.
    package func retire(_ orphan: Orphan) async throws -> Bool {
        let results = try await database.atomically([
            UploadStore.lockContent(orphan.sha256),
            "SELECT 1 FROM uploads WHERE id = \(orphan.id) AND removed_at IS NULL FOR UPDATE",
            "UPDATE uploads up SET removed_at = now() WHERE up.id = \(orphan.id) AND \(isWithdrawn)",
            UploadStore.deletionOfUnreferenced(orphan.sha256),
        ])
        return results.last?.isEmpty == false
    }

    // MARK: Comparing with the disk

    /// The files of a blob, as the database has them.
    package struct Content: Sendable {
        package var sha256: String
        package var ownerOnly: Bool
        /// In bytes, of the file that is served.
        package var size: Int
        /// The names of its thumbnails.
        package var thumbnails: [String]
        /// nil: on the disk.
        package var objectKey: String?
        /// Whether an upload has it. The server is about to delete it otherwise.
        package var isReferenced: Bool
    }

    /// The blobs whose address begins with these two digits.
    package func contents(prefix: String) async throws -> [Content] {
        let rows = try await database.query(
            """
            SELECT sha256, owner_only, served_size, object_key, ARRAY(SELECT t->>'size' FROM jsonb_array_elements(thumbnails) t) AS sizes,
                EXISTS (SELECT 1 FROM uploads u WHERE u.sha256 = b.sha256 AND u.removed_at IS NULL) AS is_referenced
            FROM blobs b WHERE sha256 >= \(prefix) AND sha256 < \(prefix + "g")
            """)
        return try rows.map { row in
            Content(
                sha256: try row["sha256"], ownerOnly: try row["owner_only"],
                size: try row["served_size"], thumbnails: try row["sizes"], objectKey: try row["object_key"],
                isReferenced: try row["is_referenced"])
        }
    }

    /// Whether a row names this object, or the one with whose name its own begins.
    package func refers(to object: String) async throws -> Bool {
        // A key has 107 characters, and the name of a thumbnail or a copy more.
        let key = String(object.prefix(107))
        let sha256 = object.split(separator: "/").dropFirst(2).first.map(String.init) ?? ""
        return try await !database.query(
            """
            SELECT 1 FROM blobs WHERE sha256 = \(sha256) AND object_key = \(key)
            UNION ALL SELECT 1 FROM dropped_objects WHERE key IN (\(object), \(key))
            """
        ).isEmpty
    }

    /// Whether there is any content.
    package func hasContents() async throws -> Bool {
        try await !database.query("SELECT 1 FROM blobs LIMIT 1").isEmpty
    }

    /// Whether there is any on the disk, or in an object store.
    package func hasContents(onDisk: Bool) async throws -> Bool {
        try await !database.query("SELECT 1 FROM blobs WHERE (object_key IS NULL) = \(onDisk) LIMIT 1").isEmpty
    }

    /// The addresses of uploads that have no blob any more: their content is lost.
    package func dangling() async throws -> [String] {
        let rows = try await database.query(
            """
            SELECT DISTINCT up.sha256 FROM uploads up
            WHERE up.removed_at IS NULL AND NOT EXISTS (SELECT 1 FROM blobs b WHERE b.sha256 = up.sha256)
            ORDER BY 1
            """)
        return try rows.map { try $0["sha256"] }
    }

    /// Records that a content is lost: its uploads answer `gone`, and uploading the same bytes stores them anew.
    package func forget(_ sha256: String) async throws {
        try await database.atomically([
            UploadStore.lockContent(sha256),
            "UPDATE uploads SET removed_at = now() WHERE sha256 = \(sha256) AND removed_at IS NULL",
            """
            WITH gone AS (DELETE FROM blobs WHERE sha256 = \(sha256) RETURNING object_key)
            INSERT INTO dropped_objects (key) SELECT object_key FROM gone WHERE object_key IS NOT NULL
            """,
        ])
    }

    /// Forgets a lost thumbnail, so that it is no longer offered.
    package func forgetThumbnail(of sha256: String, size: String) async throws {
        try await database.query(
            """
            UPDATE blobs SET thumbnails =
                (SELECT coalesce(jsonb_agg(t), '[]') FROM jsonb_array_elements(thumbnails) t WHERE t->>'size' <> \(size))
            WHERE sha256 = \(sha256)
            """)
    }

    /// Deletes blobs that no upload refers to.
    /// - Returns: Their addresses.
    package func deleteUnreferenced() async throws -> [String] {
        let found = try await database.query(
            """
            SELECT b.sha256 FROM blobs b
            WHERE NOT EXISTS (SELECT 1 FROM uploads up WHERE up.sha256 = b.sha256 AND up.removed_at IS NULL)
            """)
        var deleted: [String] = []
        for sha256 in try found.map({ try $0.decode("sha256", as: String.self) }) {
            let results = try await database.atomically([
                UploadStore.lockContent(sha256), UploadStore.deletionOfUnreferenced(sha256),
            ])
            if !results[1].isEmpty { deleted.append(sha256) }
        }
        return deleted
    }
}
