package import ChatModel
import PostgresClient

/// The SQL of the bytes of unfinished uploads that are in an object store.
package struct UploadPieceStore: Sendable {
    let database: PostgresClient
    let changes: ChangeQueue

    /// One object with bytes of an upload.
    package struct Piece: Sendable, Equatable {
        package var start: Int
        package var length: Int
        package var key: String

        package init(start: Int, length: Int, key: String) {
            self.start = start
            self.length = length
            self.key = key
        }
    }

    /// Bytes that have come.
    package func end(of id: UploadID) async throws -> Int {
        try await database.query(
            "SELECT coalesce(max(start + length), 0)::int8 AS bytes FROM upload_pieces WHERE upload_id = \(id)"
        ).first?["bytes"] ?? 0
    }

    /// The pieces of uploads, one upload after the other, each in order.
    package func list(_ ids: [UploadID]) async throws -> [[Piece]] {
        let rows = try await database.query(
            """
            SELECT upload_id, start, length, key FROM upload_pieces WHERE upload_id = ANY(\(ids)) ORDER BY start
            """)
        var pieces: [UploadID: [Piece]] = [:]
        for row in rows {
            pieces[try row["upload_id"], default: []].append(
                Piece(start: try row["start"], length: try row["length"], key: try row["key"]))
        }
        return ids.map { pieces[$0] ?? [] }
    }

    /// Adds pieces that follow each other, whose keys were announced. All of them, or none.
    /// - Returns: False if somebody else has written there, if the upload has ended, or if the keys were announced so long
    ///   ago that their objects are about to be deleted.
    package func add(_ pieces: [Piece], to id: UploadID) async throws -> Bool {
        guard let first = pieces.first else { return true }
        let keys = pieces.map(\.key)
        do {
            return try await !changes.query(
                """
                WITH upload AS (
                    SELECT id FROM partial_uploads WHERE id = \(id) AND expires_at > now() FOR KEY SHARE
                ), place AS (
                    SELECT id FROM upload WHERE \(first.start) = (SELECT coalesce(max(p.start + p.length), 0)
                        FROM upload_pieces p WHERE p.upload_id = upload.id)
                ), announced AS (
                    SELECT key FROM dropped_objects
                    WHERE key = ANY(\(keys)) AND \(DroppedObjectStore.isAnnounced) FOR UPDATE
                ), taken AS (
                    DELETE FROM dropped_objects WHERE key IN (SELECT key FROM announced)
                        AND EXISTS (SELECT FROM place) AND (SELECT count(*) FROM announced) = \(keys.count)
                    RETURNING key
                )
                INSERT INTO upload_pieces (upload_id, start, length, key)
                SELECT place.id, piece.start, piece.length, piece.key
                FROM place, unnest(\(pieces.map(\.start)), \(pieces.map(\.length)), \(keys))
                    AS piece (start, length, key)
                WHERE (SELECT count(*) FROM taken) = \(keys.count)
                RETURNING start
                """, on: .upload(id)
            ).isEmpty
        } catch let error as PostgresError where error.sqlState == .uniqueViolation {
            return false
        }
    }

    /// The uploads are finished, or given up.
    package func drop(_ ids: [UploadID]) async throws {
        try await database.query(
            """
            WITH gone AS (DELETE FROM upload_pieces WHERE upload_id = ANY(\(ids)) RETURNING key)
            INSERT INTO dropped_objects (key) SELECT key FROM gone ON CONFLICT DO NOTHING
            """)
    }

    /// Drops the pieces of uploads that have ended, or expired.
    package func dropEnded() async throws {
        try await database.query(
            """
            WITH gone AS (
                DELETE FROM upload_pieces p WHERE NOT EXISTS (SELECT 1 FROM partial_uploads u
                    WHERE (u.id = p.upload_id OR p.upload_id = ANY(u.parts)) AND u.expires_at > now())
                RETURNING key
            )
            INSERT INTO dropped_objects (key) SELECT key FROM gone ON CONFLICT DO NOTHING
            """)
    }

    /// Those of the keys that are pieces, or still to be deleted.
    package func known(_ keys: [String]) async throws -> Set<String> {
        let rows = try await database.query(
            """
            SELECT key FROM upload_pieces WHERE key = ANY(\(keys))
            UNION ALL SELECT key FROM dropped_objects WHERE key = ANY(\(keys))
            """)
        return Set(try rows.map { try $0.decode("key", as: String.self) })
    }
}
