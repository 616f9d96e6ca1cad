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
    /// How many bytes it will have.
    package var length: Int
    /// Where a piece begins whose checksum has not been verified yet. The bytes from there on do not count.
    package var verified: Int?
    package var expires: Date
    package var isExpired: Bool
}

/// The SQL of uploads that arrive in pieces.
package struct PartialUploadStore: Sendable {
    let database: PostgresClient
    let changes: ChangeQueue
    /// How long an upload is kept after its last piece, in seconds.
    let lifetime: Int

    /// How many unfinished uploads one user may have.
    package static let maxEach = 64

    /// - Returns: When it expires; nil if the owner has too many unfinished uploads.
    package func insert(_ id: UploadID, owner: UserID, name: String, metadata: String?, length: Int) async throws
        -> Date?
    {
        let rows = try await changes.query(
            """
            INSERT INTO partial_uploads (id, owner_id, name, metadata, length, expires_at)
            SELECT \(id), \(owner), \(name), \(metadata), \(length), now() + make_interval(secs => \(Double(lifetime)))
            WHERE \(Self.maxEach) > (SELECT count(*) FROM partial_uploads
                WHERE owner_id = \(owner) AND expires_at > now())
            RETURNING expires_at
            """, on: .user(owner))
        return try rows.first?["expires_at"]
    }

    package func find(_ id: UploadID, owner: UserID) async throws -> PartialUpload? {
        let rows = try await database.query(
            """
            SELECT name, metadata, length, verified, expires_at, expires_at <= now() AS expired FROM partial_uploads
            WHERE id = \(id) AND owner_id = \(owner)
            """)
        return try rows.first.map { row in
            PartialUpload(
                id: id, owner: owner, name: try row["name"], metadata: try row["metadata"],
                length: try row["length"],
                verified: try row["verified"], expires: try row["expires_at"],
                isExpired: try row["expired"])
        }
    }

    /// The client's `Upload-Metadata` of a finished upload; nil if there was none.
    package func metadata(ofFinished id: UploadID) async throws -> String? {
        try await database.query("SELECT metadata FROM uploads WHERE id = \(id)").first?["metadata"]
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
            UPDATE partial_uploads
            SET verified = NULL, expires_at = now() + make_interval(secs => \(Double(lifetime)))
            WHERE id = \(id) RETURNING expires_at
            """, on: .upload(id))
        return try rows.first?["expires_at"]
    }

    /// False if there is none.
    package func delete(_ id: UploadID) async throws -> Bool {
        try await !changes.query(
            "DELETE FROM partial_uploads WHERE id = \(id) RETURNING id", on: .upload(id)
        ).isEmpty
    }

    /// The uploads that have not expired.
    package func live() async throws -> Set<UUID> {
        let rows = try await database.query("SELECT id FROM partial_uploads WHERE expires_at > now()")
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
