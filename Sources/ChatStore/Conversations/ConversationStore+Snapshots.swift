package import ChatModel
import PostgresClient

/// Conversations at one moment, for live events that were missed.
extension ConversationStore {
    package struct Snapshot: Sendable {
        package var position: ConversationPosition
        /// To whom the conversation is shown.
        package var members: Set<UserID>
        /// Those that are new or changed past a revision, ascending by revision.
        package var messages: [Message]
        /// Whether there are more of them.
        package var isCut: Bool
    }

    /// How far those of `ids` have come that exist.
    package func positions(of ids: [ConversationID]) async throws -> [ConversationPosition] {
        guard !ids.isEmpty else { return [] }
        return try await database.query("SELECT id, revision, last_seq FROM conversations WHERE id = ANY(\(ids))").map {
            ConversationPosition(id: try $0["id"], revision: try $0["revision"], lastSeq: try $0["last_seq"])
        }
    }

    package static let maxSnapshotMessages = 500

    /// Each conversation with its messages past a revision, as one statement reads them. Their files and reactions are
    /// read afterwards, and may be later.
    package func snapshots(_ wanted: [(id: ConversationID, since: Int)]) async throws -> [Snapshot] {
        let rows = try await database.query(
            """
            SELECT c.id AS conversation, c.revision AS reached, c.last_seq AS last, past.*,
                CASE WHEN coalesce(past.number, 1) = 1 THEN (SELECT array_agg(x.user_id) FROM members x
                    WHERE x.conversation_id = c.id AND \(ConversationTable.isShown(to: "x.user_id"))) END AS shown_to
            FROM unnest(\(wanted.map(\.id)), \(wanted.map(\.since))) AS w (id, since)
                JOIN conversations c ON c.id = w.id
                LEFT JOIN LATERAL (
                    SELECT \(MessageTable.columns), row_number() OVER (ORDER BY m.revision) AS number
                    FROM messages m \(MessageTable.sender)
                    WHERE m.conversation_id = c.id AND m.revision > w.since
                    ORDER BY m.revision LIMIT \(Self.maxSnapshotMessages + 1)
                ) past ON true
            ORDER BY c.id, past.number
            """)
        var snapshots: [Snapshot] = []
        for row in rows {
            let id: ConversationID = try row["conversation"]
            guard snapshots.last?.position.id != id else { continue }
            snapshots.append(
                Snapshot(
                    position: ConversationPosition(id: id, revision: try row["reached"], lastSeq: try row["last"]),
                    members: Set(try row.decode("shown_to", as: [UserID]?.self) ?? []), messages: [], isCut: false))
        }
        let past = try await messages.read(try rows.filter { try $0.decode("number", as: Int?.self) != nil })
        let byConversation = Dictionary(grouping: past, by: \.conversationId)
        for index in snapshots.indices {
            let messages = byConversation[snapshots[index].position.id] ?? []
            snapshots[index].isCut = messages.count > Self.maxSnapshotMessages
            snapshots[index].messages = Array(messages.prefix(Self.maxSnapshotMessages))
        }
        return snapshots
    }
}
