package import ChatModel
package import Foundation
import PostgresClient

/// An upload whose bytes have not all come.
package struct PartialUpload: Sendable {
    package var id: UploadID
    package var owner: UserID
    package var name: String
    /// The client's `Upload-Metadata`; nil if there was none.
    package var metadata: String?
    /// How many bytes it will have, or may have while that is not known.
    package var length: Int
    /// Whether the length is not known yet.
    package var isDeferred: Bool
    /// Whether the client says when the upload is complete. Otherwise it is with its last byte.
    package var hasExplicitEnd: Bool
    /// The client's `Upload-Concat`: `partial`, or `final;` and the parts.
    package var concat: String?
    /// The uploads whose bytes have still to be put together to this one.
    package var parts: [UploadID]?
    /// Where a piece begins whose checksum has not been verified yet. The bytes from there on do not count.
    package var verified: Int?
    package var expires: Date
    package var isExpired: Bool

    package static let part = "partial"

    /// Whether it becomes a part of another upload, and no file of its own.
    package var isPart: Bool { concat == Self.part }

    /// Whether it consists of other uploads.
    package var isConcatenated: Bool { concat != nil && !isPart }

    /// Whether it is complete with so many bytes, although the client does not say so.
    package func isComplete(with bytes: Int) -> Bool {
        bytes == length && !isDeferred && !hasExplicitEnd && !isPart
    }
}

/// The SQL of uploads that arrive in pieces.
package struct PartialUploadStore: Sendable {
    let database: PostgresClient
    let changes: ChangeQueue
    /// How long an upload is kept after its last piece, in seconds.
    let lifetime: Int

    /// How many unfinished uploads one user may have.
    package static let maxEach = 64

    private var expiry: PostgresQuery { "now() + make_interval(secs => \(Double(lifetime)))" }

    /// After so many seconds without a byte, an unfinished upload gives way to its owner's other ones.
    package static let idleSeconds = 3600

    /// Whether nothing came for so long.
    private var isIdle: PostgresQuery {
        "expires_at < now() + make_interval(secs => \(Double(lifetime - Self.idleSeconds)))"
    }

    /// What is known of an upload when it begins.
    package struct Beginning: Sendable {
        package var name: String
        package var metadata: String?
        /// How many bytes it will have, or may have while that is not known.
        package var length: Int
        package var isDeferred: Bool
        package var hasExplicitEnd: Bool
        package var concat: String?

        package init(
            name: String, metadata: String?, length: Int, isDeferred: Bool = false, hasExplicitEnd: Bool = false,
            concat: String? = nil
        ) {
            self.name = name
            self.metadata = metadata
            self.length = length
            self.isDeferred = isDeferred
            self.hasExplicitEnd = hasExplicitEnd
            self.concat = concat
        }
    }

    /// Where the owner has too many, the one for which nothing came for the longest time gives way, if it is idle.
    /// - Returns: When it expires; nil if the owner has too many unfinished uploads.
    package func insert(_ id: UploadID, owner: UserID, _ beginning: Beginning) async throws -> Date? {
        let rows = try await changes.query(
            """
            WITH live AS (
                SELECT id, expires_at FROM partial_uploads WHERE owner_id = \(owner) AND expires_at > now()
            ), left_behind AS (
                UPDATE partial_uploads SET expires_at = now() WHERE id = (
                    SELECT id FROM live WHERE \(isIdle) AND (SELECT count(*) FROM live) >= \(Self.maxEach)
                    ORDER BY expires_at, id LIMIT 1) RETURNING id
            )
            INSERT INTO partial_uploads (id, owner_id, name, metadata, length, deferred, explicit_end, concat, expires_at)
            SELECT \(id), \(owner), \(beginning.name), \(beginning.metadata), \(beginning.length),
                \(beginning.isDeferred), \(beginning.hasExplicitEnd), \(beginning.concat), \(expiry)
            WHERE \(Self.maxEach) > (SELECT count(*) FROM live) - (SELECT count(*) FROM left_behind)
            RETURNING expires_at
            """, on: .user(owner))
        return try rows.first?["expires_at"]
    }

    /// Ends idle uploads of `owner`, the one for which nothing came for the longest time first, until `wanted` bytes of the
    /// quota are free or none is left. Ends none if that would not free `needed` bytes.
    /// - Returns: How many bytes are free now.
    package func giveWay(_ owner: UserID, wanted: Int, needed: Int) async throws -> Int {
        let rows = try await changes.query(
            """
            WITH idle AS (
                SELECT id, sum(length) OVER () AS total, sum(length) OVER (ORDER BY expires_at, id) - length AS before
                FROM partial_uploads WHERE owner_id = \(owner) AND expires_at > now() AND \(isIdle)
            ), ended AS (
                UPDATE partial_uploads p SET expires_at = now() FROM idle
                WHERE p.id = idle.id AND idle.before < \(wanted) AND idle.total >= \(needed) RETURNING p.length
            )
            SELECT coalesce(sum(length), 0)::int8 AS freed FROM ended
            """, on: .user(owner))
        return try rows.first?["freed"] ?? 0
    }

    /// Puts an upload in the place of its parts, which count no longer.
    /// - Returns: Nil if one of them is not there any more.
    package func concatenate(
        _ parts: [UploadID], to id: UploadID, owner: UserID, _ beginning: Beginning
    ) async throws -> Date? {
        do {
            return try await changes.transaction(on: .user(owner)) { transaction in
                // Locked in one order, whatever the order of the parts is.
                try await transaction.query(
                    """
                    SELECT 1 FROM partial_uploads WHERE id = ANY(\(parts)) AND owner_id = \(owner)
                    ORDER BY id FOR UPDATE
                    """)
                let taken = try await transaction.query(
                    """
                    DELETE FROM partial_uploads WHERE id = ANY(\(parts)) AND owner_id = \(owner)
                        AND concat = \(PartialUpload.part) AND NOT deferred AND expires_at > now() RETURNING id
                    """)
                guard taken.count == parts.count else { throw MissingPart() }
                return try await transaction.query(
                    """
                    INSERT INTO partial_uploads (id, owner_id, name, metadata, length, concat, parts, expires_at)
                    SELECT \(id), \(owner), \(beginning.name), \(beginning.metadata), \(beginning.length),
                        \(beginning.concat), \(parts), \(expiry)
                    RETURNING expires_at
                    """
                ).first?["expires_at"]
            }
        } catch is MissingPart {
            return nil
        }
    }

    private struct MissingPart: Error {}

    /// The bytes of all parts are in the upload's own file.
    package func forgetParts(of id: UploadID) async throws {
        try await changes.query("UPDATE partial_uploads SET parts = NULL WHERE id = \(id)", on: .upload(id))
    }

    /// The upload, finished or not, that was made of other uploads by the same `Upload-Concat`.
    package func find(concatenatedBy concat: String, owner: UserID) async throws -> UploadID? {
        try await database.query(
            """
            SELECT id FROM partial_uploads WHERE owner_id = \(owner) AND concat = \(concat) AND expires_at > now()
            UNION ALL
            SELECT id FROM uploads WHERE owner_id = \(owner) AND concat = \(concat) AND removed_at IS NULL
            LIMIT 1
            """
        ).first?["id"]
    }

    package func find(_ id: UploadID, owner: UserID) async throws -> PartialUpload? {
        let rows = try await database.query(
            """
            SELECT name, metadata, length, deferred, explicit_end, concat, parts, verified, expires_at,
                expires_at <= now() AS expired
            FROM partial_uploads WHERE id = \(id) AND owner_id = \(owner)
            """)
        return try rows.first.map { row in
            PartialUpload(
                id: id, owner: owner, name: try row["name"], metadata: try row["metadata"],
                length: try row["length"], isDeferred: try row["deferred"], hasExplicitEnd: try row["explicit_end"],
                concat: try row["concat"], parts: try row["parts"],
                verified: try row["verified"], expires: try row["expires_at"],
                isExpired: try row["expired"])
        }
    }

    /// What the client said of a finished upload.
    package struct Said: Sendable {
        package var metadata: String?
        package var concat: String?
    }

    package func said(ofFinished id: UploadID) async throws -> Said {
        let row = try await database.query("SELECT metadata, concat FROM uploads WHERE id = \(id)").first
        return try row.map { Said(metadata: try $0["metadata"], concat: try $0["concat"]) } ?? Said()
    }

    /// The length of an upload has become known.
    /// - Returns: Whether it was unknown, and is not larger than it may be.
    package func setLength(_ length: Int, of id: UploadID) async throws -> Bool {
        try await !changes.query(
            """
            UPDATE partial_uploads SET length = \(length), deferred = false
            WHERE id = \(id) AND deferred AND length >= \(length) RETURNING id
            """, on: .upload(id)
        ).isEmpty
    }

    /// From `offset` on, bytes do not count before `renew` is called.
    package func distrust(_ id: UploadID, from offset: Int) async throws {
        try await changes.query(
            "UPDATE partial_uploads SET verified = \(offset) WHERE id = \(id)", on: .upload(id))
    }

    /// Another piece has come and is valid: the upload expires later.
    package func renew(_ id: UploadID) async throws -> Date? {
        let rows = try await changes.query(
            """
            UPDATE partial_uploads SET verified = NULL, expires_at = \(expiry)
            WHERE id = \(id) RETURNING expires_at
            """, on: .upload(id))
        return try rows.first?["expires_at"]
    }

    /// Bytes are coming: the upload expires later, and is not idle.
    package func touch(_ id: UploadID) async throws {
        try await changes.query(
            "UPDATE partial_uploads SET expires_at = \(expiry) WHERE id = \(id) AND expires_at > now()", on: .upload(id)
        )
    }

    /// False if there is none.
    package func delete(_ id: UploadID) async throws -> Bool {
        try await !changes.query(
            "DELETE FROM partial_uploads WHERE id = \(id) RETURNING id", on: .upload(id)
        ).isEmpty
    }

    /// The uploads that have not expired, and the parts of which they are to be made.
    package func live() async throws -> Set<UUID> {
        let rows = try await database.query(
            """
            SELECT id FROM partial_uploads WHERE expires_at > now()
            UNION ALL
            SELECT unnest(parts) FROM partial_uploads WHERE expires_at > now()
            """)
        return Set(try rows.map { try $0.decode("id", as: UUID.self) })
    }

    /// Deletes uploads that expired so long ago that nobody asks for them any more. Those that another
    /// server deletes are left to it.
    package func forgetExpired() async throws {
        try await database.query(
            """
            DELETE FROM partial_uploads WHERE id IN (SELECT id FROM partial_uploads
                WHERE expires_at < now() - interval '30 days' FOR UPDATE SKIP LOCKED)
            """)
    }
}
