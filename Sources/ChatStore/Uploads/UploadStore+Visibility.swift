package import ChatModel
import PostgresClient

/// Who may see an upload.
extension UploadStore {
    /// An upload, and the conversation in which its URL was shown.
    package struct Key: Hashable, Sendable {
        package var upload: UploadID
        package var conversation: ConversationID?

        package init(upload: UploadID, conversation: ConversationID? = nil) {
            self.upload = upload
            self.conversation = conversation
        }
    }

    package typealias Answer = Result<Found, ChatError>

    package static let gone = ChatError(.gone, "this file was removed")

    package struct Found: Sendable {
        package var upload: Upload
        package var gone: Bool
        package var ownerOnly: Bool
        /// Whether the viewer may see it; false without a viewer.
        package var visible: Bool
        /// The epochs of the conversation in which the URL was shown; nil when there is none.
        package var epochs: URLEpochs?
        package var servedSHA256: String
        /// In bytes.
        package var servedSize: Int
        /// The encoding of a text; nil for other files.
        package var charset: String?
        /// nil: on the disk.
        package var objectKey: String?

        package init(
            upload: Upload, gone: Bool, ownerOnly: Bool, visible: Bool, epochs: URLEpochs? = nil, servedSHA256: String,
            servedSize: Int, charset: String? = nil, objectKey: String? = nil
        ) {
            self.upload = upload
            self.gone = gone
            self.ownerOnly = ownerOnly
            self.visible = visible
            self.epochs = epochs
            self.servedSHA256 = servedSHA256
            self.servedSize = servedSize
            self.charset = charset
            self.objectKey = objectKey
        }
    }

    /// One upload, as `viewer` may see it.
    package func find(_ id: UploadID, viewer: UserID) async throws -> Found? {
        let key = Key(upload: id, conversation: nil)
        return try await find([key], viewer: viewer)[key]?.get()
    }

    /// Uploads as `viewer` may see them. The owner sees an upload, everybody sees an avatar, and members see what a
    /// message in their conversation carries; its URLs belong to that conversation. `gone` when the content was deleted.
    package func find(_ keys: Set<Key>, viewer: UserID?) async throws -> [Key: Answer] {
        let keys = Array(keys)
        let rows = try await database.query(
            """
            SELECT \(Self.columns), b.served_sha256, b.served_size, b.charset, b.object_key, \(Self.isGone) AS gone, wanted.conversation_id,
                free.seen OR carried.conversation_id IS NOT NULL AS visible,
                c.id AS shown_in, \(ConversationTable.urlEpoch), c.url_epoch AS next_url_epoch, c.previous_url_epoch
            FROM unnest(\(keys.map(\.upload)), \(keys.map(\.conversation)))
                    AS wanted (upload_id, conversation_id)
                JOIN uploads up ON up.id = wanted.upload_id LEFT JOIN blobs b ON b.sha256 = up.sha256
                CROSS JOIN LATERAL (
                    SELECT \(viewer)::uuid IS NOT NULL AND (up.owner_id = \(viewer)
                        OR \(UserTable.carriesUpload)) AS seen
                ) free
                LEFT JOIN LATERAL (
                    SELECT m.conversation_id FROM (
                            SELECT a.message_id FROM attachments a WHERE a.upload_id = up.id
                            UNION ALL SELECT k.message_id FROM link_cards k WHERE k.picture_id = up.id
                        ) carrier JOIN messages m ON m.id = carrier.message_id
                        JOIN members me ON me.conversation_id = m.conversation_id AND me.user_id = \(viewer)
                    WHERE NOT free.seen AND m.deleted_at IS NULL LIMIT 1
                ) carried ON true
                LEFT JOIN conversations c ON c.id = coalesce(wanted.conversation_id, carried.conversation_id)
            """)
        var uploads: [Key: Answer] = [:]
        for row in rows {
            let key = Key(
                upload: try row["upload_id"],
                conversation: try row["conversation_id"])
            let visible: Bool = try row["visible"]
            guard try row.decode("kind", as: String?.self) != nil else {
                // A viewer who could not see it must not learn that it existed.
                if viewer == nil || visible { uploads[key] = .failure(Self.gone) }
                continue
            }
            let showing = try Self.showing(row)
            uploads[key] = .success(
                Found(
                    upload: try upload(from: row, viewer: viewer, shownIn: showing), gone: try row["gone"],
                    ownerOnly: try row["owner_only"], visible: visible,
                    epochs: try showing.map { _ in
                        URLEpochs(
                            current: try row["next_url_epoch"], previous: try row["previous_url_epoch"])
                    },
                    servedSHA256: try row["served_sha256"], servedSize: try row["served_size"],
                    charset: try row["charset"], objectKey: try row["object_key"]))
        }
        return uploads
    }

    /// Whether the message carries files beside `uploads`, or carried files before it was deleted.
    package func hadFiles(_ message: MessageID, stillThere uploads: [UploadID]) async throws -> Bool {
        try await !database.query(
            "SELECT 1 FROM attachments WHERE message_id = \(message) AND NOT upload_id = ANY(\(uploads)) LIMIT 1"
        ).isEmpty
    }

    private static func showing(_ row: PostgresRow) throws -> UploadLinks.Showing? {
        try row.decode("shown_in", as: ConversationID?.self).map {
            UploadLinks.Showing(conversation: $0, epoch: try row["url_epoch"])
        }
    }
}
