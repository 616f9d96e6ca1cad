package import ChatModel
import PostgresClient

/// Inserts messages and decides who may send: the only place that does. A batch holds drafts of any conversations; they
/// are stored in one transaction, and each is accepted or refused by itself.
///
/// The decision is made in SQL, because it has to hold in the transaction that stores the message.
package struct MessageBatch {
    package enum Outcome: Sendable {
        case stored(Message)
        /// A message with the same `clientId` was stored before, under this id.
        case repeated(MessageID)
        case refused(ChatError)
    }

    /// What became of a batch.
    package struct Result: Sendable {
        /// Of each draft, in their order.
        package var outcomes: [Outcome]
        /// The messages that came to a conversation that was hidden from somebody.
        package var revealing: [Message]
    }

    private let drafts: [Draft]

    package init(_ drafts: [Draft]) { self.drafts = drafts }

    private var hasAttachments: Bool { drafts.contains { !$0.attachments.isEmpty } }
    private var hasMentions: Bool { drafts.contains { !$0.mentions.names.isEmpty } }

    /// The statements of one transaction: lock the conversations, insert the messages, insert the word filter's reports,
    /// read the attached uploads. Each statement has its own snapshot, so the second one sees what was committed before
    /// the first one got its locks.
    var queries: [PostgresQuery] {
        var queries = [Self.lock(drafts), insertion]
        let reported = drafts.filter { !$0.judgment.reported.isEmpty }
        if !reported.isEmpty { queries.append(ReportTable.insert(reported.map { ($0.id, $0.judgment.reported) })) }
        if hasAttachments { queries.append(attachedUploads) }
        return queries
    }

    /// The whole of a batch that is one message with nothing but its text: one statement, which takes the lock where it
    /// counts the message. It stores nothing if the conversation's row is another by then than the one it judged by.
    /// Whoever changes what messages are judged by under the conversation's lock changes that row, too (its `revision`),
    /// so nothing else can have been overlooked.
    var loneQuery: PostgresQuery? {
        guard drafts.count == 1, let draft = drafts.first, Self.isOneStatement(draft) else { return nil }
        var query = hasMentions ? Self.storingOneWithMentions : Self.storingOne
        query.bind(draft.id)
        query.bind(draft.conversation)
        query.bind(draft.sender)
        query.bind(draft.judgment.text)
        query.bind(draft.replyTo)
        query.bind(draft.clientId)
        query.bind(draft.fingerprint)
        query.bind(draft.judgment.isRefused)
        query.bind(draft.hasRoom)
        query.bind(draft.mentions.joined)
        query.bind(draft.mentions.areAll)
        return query
    }

    /// Whether a draft is one statement if it is a batch of its own.
    package static func isOneStatement(_ draft: Draft) -> Bool {
        draft.attachments.isEmpty && draft.judgment.reported.isEmpty
    }

    /// Locks in the order of the ids, so that two servers never wait for each other.
    static func lock(_ drafts: [Draft]) -> PostgresQuery {
        let conversations = Array(Set(drafts.map(\.conversation)))
        return "SELECT 1 FROM conversations WHERE id = ANY(\(conversations)) ORDER BY id FOR NO KEY UPDATE"
    }

    private var insertion: PostgresQuery {
        var query = Self.storing[hasAttachments ? 1 : 0][hasMentions ? 1 : 0]
        query.bind(Array(drafts.indices))
        query.bind(drafts.map(\.id))
        query.bind(drafts.map(\.conversation))
        query.bind(drafts.map(\.sender))
        query.bind(drafts.map(\.judgment.text))
        query.bind(drafts.map(\.replyTo))
        query.bind(drafts.map(\.clientId))
        query.bind(drafts.map(\.fingerprint))
        query.bind(drafts.map(\.judgment.isRefused))
        query.bind(drafts.map(\.hasRoom))
        query.bind(drafts.map(\.mentions.joined))
        query.bind(drafts.map(\.mentions.areAll))
        if hasAttachments { bindAttachments(to: &query) }
        return query
    }

    private func bindAttachments(to query: inout PostgresQuery) {
        var ordinals: [Int] = []
        var positions: [Int] = []
        var attachments: [UploadID] = []
        var alts: [String?] = []
        var asFiles: [Bool] = []
        for (ordinal, draft) in drafts.enumerated() {
            for (position, upload) in draft.attachments.enumerated() {
                ordinals.append(ordinal)
                positions.append(position)
                attachments.append(upload)
                alts.append(draft.alts[upload])
                asFiles.append(draft.asFiles.contains(upload))
            }
        }
        query.bind(ordinals)
        query.bind(positions)
        query.bind(attachments)
        query.bind(alts)
        query.bind(asFiles)
    }

    private var attachedUploads: PostgresQuery {
        """
        SELECT \(UploadStore.columns) FROM uploads up JOIN blobs b ON b.sha256 = up.sha256
        WHERE up.id = ANY(\(drafts.flatMap(\.attachments)))
        """
    }

    /// What became of the one message of `loneQuery`; nil if the batch has to be stored by `queries`.
    func loneResult(_ results: [PostgresResult], uploads store: UploadStore) throws -> Result? {
        guard let row = results.first?.first else { return nil }
        let wasOvertaken =
            try row.decode("verdict", as: String.self) == "stored" && row.decode("seq", as: Int?.self) == nil
        return wasOvertaken ? nil : try result(results[0], attached: nil, uploads: store)
    }

    func result(_ results: [PostgresResult], uploads store: UploadStore) throws -> Result {
        try result(results[1], attached: hasAttachments ? results.last : nil, uploads: store)
    }

    private func result(
        _ rows: PostgresResult, attached: PostgresResult?, uploads store: UploadStore
    ) throws -> Result {
        var result = Result(outcomes: [], revealing: [])
        result.outcomes.reserveCapacity(drafts.count)
        var uploads: [UploadID: PostgresRow] = [:]
        if let attached {
            for row in attached { uploads[try row["upload_id"]] = row }
        }
        for (draft, row) in zip(drafts, rows) {
            switch try row.decode("verdict", as: String.self) {
            case "stored":
                let showing = UploadLinks.Showing(conversation: draft.conversation, epoch: try row["url_epoch"])
                let attachments = try draft.attachments.compactMap { id in
                    try uploads[id].map {
                        try store.upload(
                            from: $0, shownIn: showing, alt: draft.alts[id], asFile: draft.asFiles.contains(id))
                    }
                }
                var message = try message(draft, attachments, row)
                message.filesUrl = store.archiveURL(of: draft.id, attachments, showing)
                result.outcomes.append(.stored(message))
                if try row.decode("is_revealing", as: Bool.self) { result.revealing.append(message) }
            case "repeated":
                result.outcomes.append(.repeated(try row["known_id"]))
            case let verdict:
                result.outcomes.append(.refused(Self.refusal(verdict)))
            }
        }
        return result
    }

    private func message(
        _ draft: Draft, _ attachments: [Upload], _ row: PostgresRow
    ) throws -> Message {
        Message(
            id: draft.id, conversationId: draft.conversation, seq: try row["seq"],
            revision: try row["revision"],
            sender: Sender(
                id: draft.sender, username: try row["username"], displayName: try row["display_name"]),
            text: draft.judgment.text, attachments: attachments,
            mentions: try row.decode("mentions", as: [UserID]?.self) ?? [], mentionsAll: try row["mentions_all"],
            replyTo: draft.replyTo,
            reactions: [], clientId: draft.clientId, status: .sent, createdAt: try row["created_at"])
    }
}

extension MentionedNames {
    /// For `MessageTable.mentioned`.
    var joined: String? { names.isEmpty ? nil : names.joined(separator: " ") }
}
