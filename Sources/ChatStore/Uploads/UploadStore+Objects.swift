package import ChatModel
import PostgresClient

/// Uploads whose files are in an object store.
extension UploadStore {
    /// Stores the upload with its blob, whose files are at `objectKey`, which was announced, and deletes the unfinished upload
    /// of the same id.
    ///
    /// Somebody else may have stored the same content meanwhile. One of the two keys is then dropped: the later one, unless
    /// the other's files are `damaged`, or may be seen by their owner only and these by everybody.
    /// - Parameters:
    ///   - isFinishing: Whether there was an unfinished upload.
    ///   - damaged: The files that were found to be missing or cut.
    /// - Returns: The upload as its owner sees it.
    /// - Throws: `upload_offset_mismatch` if somebody else has finished it.
    package func insert(
        _ id: UploadID, owner: UserID, name: String, blob: Blob, at objectKey: String,
        finishing isFinishing: Bool = false,
        replacing damaged: StoredFiles?
    ) async throws -> Upload {
        if let upload = try await insertNew(
            id, owner: owner, name: name, blob: blob, at: objectKey, finishing: isFinishing)
        {
            return upload
        }
        return try await changes.transaction(on: .user(owner)) { transaction in
            // Of two servers that finish it, one gets this row.
            let finished = try await transaction.query(
                "DELETE FROM partial_uploads WHERE id = \(id) RETURNING metadata, concat"
            ).first
            guard finished != nil || !isFinishing else { throw Self.isFinished }
            // Only a server that was frozen for a day comes too late.
            guard try await !transaction.query(DroppedObjectStore.take(objectKey)).isEmpty else {
                throw ChatError.unavailable
            }
            try await Self.settle(blob, at: objectKey, replacing: damaged, transaction)
            let metadata: String? = try finished?["metadata"]
            let concat: String? = try finished?["concat"]
            try await transaction.query(
                """
                INSERT INTO uploads (id, owner_id, sha256, name, type, size, metadata, concat)
                SELECT \(id), \(owner), sha256, \(name), type, size, \(metadata), \(concat)
                FROM blobs WHERE sha256 = \(blob.sha256)
                """)
            let rows = try await transaction.query(
                """
                SELECT \(Self.columns) FROM uploads up JOIN blobs b ON b.sha256 = up.sha256 WHERE up.id = \(id)
                """)
            guard let row = rows.first else { throw ChatError.notFound("upload") }
            return try upload(from: row, viewer: owner)
        }
    }

    /// The same in one statement, for content that there was not before, as most is.
    /// - Returns: nil, with nothing changed, if there is more to decide.
    private func insertNew(
        _ id: UploadID, owner: UserID, name: String, blob: Blob, at objectKey: String, finishing isFinishing: Bool
    ) async throws -> Upload? {
        let rows = try await changes.query(
            """
            WITH unfinished AS (
                SELECT metadata, concat FROM partial_uploads WHERE id = \(id) FOR UPDATE
            ), announced AS (
                SELECT key FROM dropped_objects WHERE key = \(objectKey) AND \(DroppedObjectStore.isAnnounced) FOR UPDATE
            ), b AS (
                \(try Self.insertion(
                    of: blob, at: objectKey,
                    where: "(NOT \(isFinishing) OR EXISTS (SELECT FROM unfinished)) AND EXISTS (SELECT FROM announced)"))
                ON CONFLICT (sha256) DO NOTHING RETURNING *
            ), finished AS (
                DELETE FROM partial_uploads WHERE id = \(id) AND EXISTS (SELECT FROM b)
            ), taken AS (
                DELETE FROM dropped_objects WHERE key = \(objectKey) AND EXISTS (SELECT FROM b)
            ), up AS (
                INSERT INTO uploads (id, owner_id, sha256, name, type, size, metadata, concat)
                SELECT \(id), \(owner), sha256, \(name), type, size, (SELECT metadata FROM unfinished),
                    (SELECT concat FROM unfinished) FROM b
                RETURNING *
            )
            SELECT \(Self.columns) FROM up JOIN b USING (sha256)
            """, on: .user(owner))
        return try rows.first.map { try upload(from: $0, viewer: owner) }
    }

    /// Locks the content, and decides whose files it has.
    private static func settle(
        _ blob: Blob, at objectKey: String, replacing damaged: StoredFiles?, _ transaction: PostgresTransaction
    ) async throws {
        let insertion = try insertion(of: blob, at: objectKey)
        // Deleted between two statements, it is there again for the next one.
        for _ in 0..<3 {
            let inserted = try await transaction.query("\(insertion) ON CONFLICT (sha256) DO NOTHING RETURNING 1")
            if !inserted.isEmpty { return }
            let found = try await transaction.query(
                "SELECT owner_only, object_key FROM blobs WHERE sha256 = \(blob.sha256) FOR UPDATE")
            guard let other = found.first else { continue }
            let otherKey: String? = try other["object_key"]
            let isOwnerOnly: Bool = try other["owner_only"]
            let replaces = isOwnerOnly && !blob.ownerOnly || damaged.map { $0.objectKey == otherKey } ?? false
            if replaces {
                try await transaction.query("\(insertion) ON CONFLICT (sha256) DO UPDATE SET \(replacement)")
            }
            if let dropped = replaces ? otherKey : objectKey {
                // Somebody may be reading what was whole.
                let pause = replaces && damaged == nil ? DroppedObjectStore.grace : 0
                try await transaction.query(
                    """
                    INSERT INTO dropped_objects (key, dropped_at)
                    VALUES (\(dropped), now() + make_interval(secs => \(pause)))
                    """)
            }
            return
        }
        throw ChatError.unavailable
    }
}
