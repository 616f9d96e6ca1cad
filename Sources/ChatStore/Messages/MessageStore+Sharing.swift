package import ChatModel
import PostgresClient

/// What has been shared in a conversation. Triggers keep `shared_items`; nobody else writes it.
extension MessageStore {
    /// Items of a kind as `user` may see them, in the order that `cursor` says. Removed files are left out, as they are in messages.
    /// - Throws: `not_a_member` or `not_found`.
    package func shared(
        _ kind: SharedItem.Kind, in conversation: ConversationID, for user: UserID, from cursor: SharedItemCursor,
        limit: Int
    ) async throws -> (items: [SharedItem], next: SharedItemCursor?) {
        let results = try await database.atomically([
            Self.sharedQuery(kind, in: conversation, from: cursor, limit: limit + 1),
            ConversationTable.membership(of: user, in: conversation),
        ])
        try Permissions.read(try results[1].first.map(ConversationTable.membership))
        let rows = results[0].prefix(limit)
        let items = try rows.map { try item(kind, from: $0) }
        guard results[0].count > limit, let last = rows.last else { return (items, nil) }
        let next = SharedItemCursor(
            seq: try last["seq"], position: try last["position"], isOldestFirst: cursor.isOldestFirst)
        return (items, next)
    }

    private static func sharedQuery(
        _ kind: SharedItem.Kind, in conversation: ConversationID, from cursor: SharedItemCursor, limit: Int
    ) -> PostgresQuery {
        let (columns, files): (PostgresQuery, PostgresQuery) =
            kind == .links
            ? ("", "")
            : (
                ", a.alt, a.as_file, \(UploadStore.columns)",
                """
                JOIN attachments a ON a.message_id = x.message_id AND a.position = x.position
                JOIN uploads up ON up.id = a.upload_id AND up.removed_at IS NULL JOIN blobs b ON b.sha256 = up.sha256
                """
            )
        let (comparison, order): (PostgresQuery, PostgresQuery) =
            cursor.isOldestFirst ? (">", "x.seq, x.position") : ("<", "x.seq DESC, x.position DESC")
        return """
            SELECT x.seq, x.position, m.id, m.text, m.created_at, m.sender_id, s.username, s.display_name,
                c.id AS conversation_id, \(ConversationTable.urlEpoch)\(columns)
            FROM shared_items x JOIN messages m ON m.id = x.message_id \(MessageTable.sender)
                JOIN conversations c ON c.id = x.conversation_id \(files)
            WHERE x.conversation_id = \(conversation) AND x.kind = \(kind) AND m.deleted_at IS NULL
                AND (x.seq, x.position) \(comparison) (\(cursor.seq), \(cursor.position))
            ORDER BY \(order) LIMIT \(limit)
            """
    }

    private func item(_ kind: SharedItem.Kind, from row: PostgresRow) throws -> SharedItem {
        let text: String = try row["text"]
        var item = SharedItem(
            messageId: try row["id"], seq: try row["seq"],
            sender: Sender(
                id: try row["sender_id"], username: try row["username"], displayName: try row["display_name"]),
            text: text, createdAt: try row["created_at"])
        if kind == .links {
            item.links = LinkedAddresses(in: text).addresses
        } else {
            let showing = UploadLinks.Showing(conversation: try row["conversation_id"], epoch: try row["url_epoch"])
            item.attachment = try uploads.upload(
                from: row, shownIn: showing, alt: try row["alt"], asFile: try row["as_file"])
        }
        return item
    }
}
