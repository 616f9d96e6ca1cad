package import ChatModel
import Foundation
import PostgresClient

/// The SQL of uploads and blobs.
package struct UploadStore: Sendable {
    let database: PostgresClient
    let changes: ChangeQueue
    let links: UploadLinks

    /// The columns that `upload(from:)` reads: `up` is the upload's row, `b` its blob's.
    static let columns: PostgresQuery = """
        up.id AS upload_id, up.owner_id, up.name, up.type, up.size, up.sha256, up.created_at AS uploaded_at,
        b.kind, b.width, b.height, b.duration, b.blurhash, b.waveform, b.thumbnails::text AS thumbnails, b.owner_only,
        b.cleaned
        """

    /// Whether the upload was removed, or every message that carried it was deleted.
    static let isGone: PostgresQuery = """
        (up.removed_at IS NOT NULL
            OR ((EXISTS (SELECT 1 FROM attachments a WHERE a.upload_id = up.id) OR \(LinkCardTable.carriesUpload))
                AND NOT EXISTS (SELECT 1 FROM attachments a JOIN messages m ON m.id = a.message_id
                    WHERE a.upload_id = up.id AND m.deleted_at IS NULL)
                AND NOT \(LinkCardTable.showsUpload) AND NOT \(UserTable.carriesUpload)))
        """

    /// Those of `ids` that have not been removed.
    package func find(_ ids: [UploadID]) async throws -> [UploadID: Upload] {
        guard !ids.isEmpty else { return [:] }
        let rows = try await database.query(
            """
            SELECT \(Self.columns) FROM uploads up JOIN blobs b ON b.sha256 = up.sha256
            WHERE up.id = ANY(\(ids)) AND up.removed_at IS NULL
            """)
        var uploads: [UploadID: Upload] = [:]
        for row in rows {
            let upload = try self.upload(from: row)
            uploads[upload.id] = upload
        }
        return uploads
    }

    /// Stores the upload with its blob, and deletes the unfinished upload of the same id.
    ///
    /// There is a blob already if the same bytes came twice at once, or if its files were lost. The new facts replace the
    /// old ones, unless a worker failed now on what another one could read.
    /// - Parameter isFinishing: Whether there was an unfinished upload.
    /// - Returns: The upload as its owner sees it.
    /// - Throws: `upload_offset_mismatch` if somebody else has finished it.
    package func insert(
        _ id: UploadID, owner: UserID, name: String, blob: Blob, finishing isFinishing: Bool = false
    ) async throws -> Upload {
        let rows = try await changes.query(
            """
            WITH b AS (
                \(try Self.insertion(of: blob, at: nil))
                ON CONFLICT (sha256) DO UPDATE SET \(Self.replacement) WHERE b.owner_only OR NOT excluded.owner_only
                RETURNING *
            ), finished AS (
                DELETE FROM partial_uploads WHERE id = \(id) RETURNING metadata, concat
            ), up AS (
                INSERT INTO uploads (id, owner_id, sha256, name, type, size, metadata, concat)
                SELECT \(id), \(owner), \(blob.sha256), \(name), \(blob.type), \(blob.size),
                    (SELECT metadata FROM finished), (SELECT concat FROM finished)
                WHERE NOT \(isFinishing) OR EXISTS (SELECT FROM finished)
                RETURNING *
            )
            SELECT \(Self.columns) FROM up LEFT JOIN b USING (sha256)
            """, on: .user(owner))
        guard let row = rows.first else { throw Self.isFinished }
        // What was known of the content stays.
        if try row.decode("kind", as: String?.self) != nil { return try upload(from: row, viewer: owner) }
        guard let upload = try await find(id, viewer: owner)?.upload else { throw ChatError.notFound("upload") }
        return upload
    }

    static let isFinished = ChatError(.uploadOffsetMismatch, "another request has finished this upload")

    /// The beginning of a statement that stores a blob, if the condition is met.
    static func insertion(
        of blob: Blob, at objectKey: String?, where condition: PostgresQuery = "true"
    ) throws -> PostgresQuery {
        let thumbnails =
            blob.thumbnails.isEmpty ? "[]" : String(decoding: try JSONEncoder().encode(blob.thumbnails), as: UTF8.self)
        return """
            INSERT INTO blobs AS b (sha256, size, type, kind, served_size, served_sha256, owner_only, width, height,
                duration, blurhash, waveform, thumbnails, cleaned, charset, object_key)
            SELECT \(blob.sha256), \(blob.size), \(blob.type), \(blob.kind), \(blob.servedSize),
                \(blob.servedSHA256), \(blob.ownerOnly), \(blob.width)::int8, \(blob.height)::int8,
                \(blob.duration)::float8, \(blob.blurhash)::text, \(blob.waveform)::bytea,
                \(thumbnails)::text::jsonb, \(blob.isCleaned)::bool, \(blob.charset)::text, \(objectKey)::text
            WHERE \(condition)
            """
    }

    /// How new facts and files take the place of old ones.
    static let replacement: PostgresQuery = """
        type = excluded.type, kind = excluded.kind,
        served_size = excluded.served_size, served_sha256 = excluded.served_sha256,
        owner_only = excluded.owner_only, width = excluded.width, height = excluded.height,
        duration = excluded.duration, blurhash = excluded.blurhash,
        waveform = excluded.waveform, thumbnails = excluded.thumbnails,
        cleaned = excluded.cleaned, charset = excluded.charset, object_key = excluded.object_key
        """

    /// Stores an upload whose blob may exist already. Nil when it does not, or when others may not see it: perhaps it can
    /// be cleaned now.
    /// - Parameter isFinishing: Whether there was an unfinished upload. Nil also when somebody else has finished it.
    package func insert(
        _ id: UploadID, owner: UserID, name: String, contentOf sha256: String, finishing isFinishing: Bool = false
    ) async throws -> Upload? {
        let rows = try await changes.query(
            """
            WITH b AS (
                SELECT * FROM blobs WHERE sha256 = \(sha256) AND NOT owner_only FOR KEY SHARE
            ), finished AS (
                DELETE FROM partial_uploads WHERE id = \(id) AND EXISTS (SELECT FROM b) RETURNING metadata, concat
            ), up AS (
                INSERT INTO uploads (id, owner_id, sha256, name, type, size, metadata, concat)
                SELECT \(id), \(owner), sha256, \(name), type, size, (SELECT metadata FROM finished),
                    (SELECT concat FROM finished) FROM b
                WHERE NOT \(isFinishing) OR EXISTS (SELECT FROM finished)
                RETURNING *
            )
            SELECT \(Self.columns) FROM up JOIN b USING (sha256)
            """, on: .user(owner))
        return try rows.first.map { try upload(from: $0, viewer: owner) }
    }

    /// The files of a blob that everybody may see.
    package struct StoredFiles: Sendable {
        /// In bytes.
        package var servedSize: Int
        package var thumbnails: [String]
        /// Whether the user has an upload of it.
        package var isOwn: Bool
        /// nil: on the disk.
        package var objectKey: String?
    }

    /// Nil when there is no such blob.
    package func storedFiles(of sha256: String, for user: UserID) async throws -> StoredFiles? {
        let rows = try await database.query(
            """
            SELECT served_size, thumbnails::text AS thumbnails, object_key,
                EXISTS (SELECT 1 FROM uploads up
                    WHERE up.sha256 = b.sha256 AND up.owner_id = \(user) AND up.removed_at IS NULL) AS own
            FROM blobs b WHERE sha256 = \(sha256) AND NOT owner_only
            """)
        return try rows.first.map {
            StoredFiles(
                servedSize: try $0["served_size"], thumbnails: try Self.thumbnails($0).map(\.size),
                isOwn: try $0["own"], objectKey: try $0["object_key"])
        }
    }

    /// The bytes that count against the user's quota: each upload by itself, unfinished ones with their whole length.
    package func usage(of owner: UserID) async throws -> Int {
        let rows = try await database.query(
            """
            SELECT ((SELECT coalesce(sum(size), 0) FROM uploads
                    WHERE owner_id = \(owner) AND removed_at IS NULL)
                + (SELECT coalesce(sum(length), 0) FROM partial_uploads
                    WHERE owner_id = \(owner) AND expires_at > now()))::int8 AS used
            """)
        return try rows.first?["used"] ?? 0
    }

    package enum Deletion: Sendable {
        case notFound, attached
        /// Whether nothing refers to its content any more.
        case deleted(wasLast: Bool)
    }

    /// Locks the content of somebody who may delete its last reference: nobody refers to it anew before the transaction
    /// ends (`FOR KEY SHARE`, and `ON CONFLICT DO UPDATE`, wait for it). It comes before the locks of uploads, and before
    /// the statement that looks for references, so that this one sees those that were made until then.
    static func lockContent(_ sha256: String) -> PostgresQuery {
        "SELECT 1 FROM blobs WHERE sha256 = \(sha256) FOR UPDATE"
    }

    /// Deletes an upload of `owner` that nothing carries, and with the last reference also its blob.
    package func delete(_ id: UploadID, owner: UserID) async throws -> Deletion {
        try await changes.transaction(on: .user(owner)) { transaction in
            let own: PostgresQuery = "id = \(id) AND owner_id = \(owner) AND removed_at IS NULL"
            let found = try await transaction.query("SELECT sha256 FROM uploads WHERE \(own)")
            guard let sha256 = try found.first?.decode("sha256", as: String.self) else { return .notFound }
            try await transaction.query(Self.lockContent(sha256))
            guard try await !transaction.query("SELECT 1 FROM uploads WHERE \(own) FOR UPDATE").isEmpty else {
                return .notFound
            }
            // A statement of its own, so that it sees what was attached while the first one waited for the lock.
            let carried = try await transaction.query(
                """
                SELECT 1 FROM attachments WHERE upload_id = \(id)
                UNION ALL SELECT 1 FROM users WHERE avatar_upload_id = \(id)
                UNION ALL SELECT 1 FROM link_cards WHERE picture_id = \(id) LIMIT 1
                """)
            if !carried.isEmpty { return .attached }
            try await transaction.query("DELETE FROM uploads WHERE id = \(id)")
            let deleted = try await transaction.query(Self.deletionOfUnreferenced(sha256))
            return .deleted(wasLast: !deleted.isEmpty)
        }
    }

    package func contentOfRemoved(_ id: UploadID) async throws -> String? {
        try await database.query("SELECT sha256 FROM uploads WHERE id = \(id) AND removed_at IS NOT NULL")
            .first?["sha256"]
    }

    /// Whether there is such a content, whose files are on the disk.
    package func isOnDisk(_ sha256: String) async throws -> Bool {
        try await !database.query("SELECT 1 FROM blobs WHERE sha256 = \(sha256) AND object_key IS NULL").isEmpty
    }

    /// Deletes the blob if only removed uploads refer to it.
    /// - Returns: Whether there is no such blob now. Also true when it was gone before, so that an interrupted deletion of
    ///   the files can be finished.
    package func deleteUnreferenced(_ sha256: String) async throws -> Bool {
        let results = try await database.atomically([
            Self.lockContent(sha256), Self.deletionOfUnreferenced(sha256),
            "SELECT 1 FROM blobs WHERE sha256 = \(sha256)",
        ])
        return results[2].isEmpty
    }

    /// The second statement of those that delete a last reference: `lockContent` is the first.
    static func deletionOfUnreferenced(_ sha256: String) -> PostgresQuery {
        """
        WITH gone AS (
            DELETE FROM blobs b WHERE b.sha256 = \(sha256)
                AND NOT EXISTS (SELECT 1 FROM uploads up WHERE up.sha256 = b.sha256 AND up.removed_at IS NULL)
            RETURNING b.sha256, b.object_key
        ), dropped AS (
            INSERT INTO dropped_objects (key) SELECT object_key FROM gone WHERE object_key IS NOT NULL
        )
        SELECT sha256 FROM gone
        """
    }

    /// - Parameters:
    ///   - viewer: The only person who is shown it, if so. The owner gets a working URL of an owner-only file, too.
    ///   - showing: The conversation to whose members it is shown.
    ///   - alt: What its sender says about it there.
    ///   - asFile: Whether its sender wants it to be a file there.
    func upload(
        from row: PostgresRow, viewer: UserID? = nil, shownIn showing: UploadLinks.Showing? = nil, alt: String? = nil,
        asFile: Bool = false
    ) throws -> Upload {
        let id: UploadID = try row["upload_id"]
        let owner: UserID = try row["owner_id"]
        // Only its owner gets a working URL of an owner-only file.
        let isOwnerOnly: Bool = try row["owner_only"]
        let urls =
            !isOwnerOnly || viewer == owner ? links.urls(of: id, in: showing) : nil
        let upload = Upload(
            id: id, ownerId: owner, name: try row["name"], type: try row["type"],
            size: try row["size"], sha256: try row["sha256"], kind: try row["kind"],
            width: try row["width"], height: try row["height"], duration: try row["duration"],
            blurhash: try row["blurhash"], waveform: try row["waveform"], url: urls?.file ?? links.unsigned(id),
            thumbnails: try urls.map { urls in
                try Self.thumbnails(row).map {
                    .init(size: $0.size, width: $0.width, height: $0.height, url: urls.thumbnail($0.size))
                }
            } ?? [],
            createdAt: try row["uploaded_at"], alt: alt, isCleaned: try row["cleaned"], isOwnerOnly: isOwnerOnly)
        return asFile ? upload.asFile : upload
    }

    /// The URL of all files of a message; nil where there are fewer than two.
    func archiveURL(of message: MessageID, _ uploads: [Upload], _ showing: UploadLinks.Showing) -> String? {
        uploads.count > 1 ? links.archive(of: message, in: showing) : nil
    }

    private static func thumbnails(_ row: PostgresRow) throws -> [Blob.Thumbnail] {
        let json: String = try row["thumbnails"]
        if json == "[]" { return [] }
        return try readThumbnails.value(of: json) {
            try JSONDecoder().decode([Blob.Thumbnail].self, from: Data(json.utf8))
        }
    }

    /// Pictures of one shape have equal thumbnails, and a decoder takes longer than everything else about a picture.
    private static let readThumbnails = RecentValues<String, [Blob.Thumbnail]>(max: 5000)
}
