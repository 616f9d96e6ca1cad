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

    /// Locks in the order of the ids, so that two servers never wait for each other.
    static func lock(_ drafts: [Draft]) -> PostgresQuery {
        let conversations = Array(Set(drafts.map(\.conversation)))
        return "SELECT 1 FROM conversations WHERE id = ANY(\(conversations)) ORDER BY id FOR NO KEY UPDATE"
    }

    private var insertion: PostgresQuery {
        var attachmentOrdinals: [Int] = []
        var positions: [Int] = []
        var attachments: [UploadID] = []
        var alts: [String?] = []
        var asFiles: [Bool] = []
        for (ordinal, draft) in drafts.enumerated() {
            for (position, upload) in draft.attachments.enumerated() {
                attachmentOrdinals.append(ordinal)
                positions.append(position)
                attachments.append(upload)
                alts.append(draft.alts[upload])
                asFiles.append(draft.asFiles.contains(upload))
            }
        }
        return """
            WITH input AS (
                SELECT * FROM unnest(\(Array(drafts.indices)), \(drafts.map(\.id)),
                    \(drafts.map(\.conversation)), \(drafts.map(\.sender)), \(drafts.map(\.judgment.text)),
                    \(drafts.map(\.replyTo)), \(drafts.map(\.clientId)), \(drafts.map(\.fingerprint)),
                    \(drafts.map(\.judgment.isRefused)), \(drafts.map(\.hasRoom)), \(drafts.map(\.mentions.joined)),
                    \(drafts.map(\.mentions.areAll))
                ) AS i (ordinal, id, conversation_id, sender_id, text, reply_to, client_id, fingerprint, blocked, has_room,
                    names, calls_all)
            ), wanted AS (
                SELECT * FROM unnest(\(attachmentOrdinals), \(positions), \(attachments), \(alts), \(asFiles))
                    AS w (ordinal, position, upload_id, alt, as_file)
            ), judged AS (
                SELECT i.*, c.last_seq, c.revision,
                    coalesce(c.last_seq IN (c.hidden_low_seq, c.hidden_high_seq), false) AS is_hidden, \(ConversationTable.urlEpoch), u.username, u.display_name, known.id AS known_id,
                    i.calls_all AND c.kind = 'group' AND me.role IN ('owner', 'admin') AS mentions_all,
                    \(Self.verdict) AS verdict
                FROM input i
                    LEFT JOIN conversations c ON c.id = i.conversation_id
                    LEFT JOIN members me ON me.conversation_id = i.conversation_id AND me.user_id = i.sender_id
                    LEFT JOIN users u ON u.id = i.sender_id
                    LEFT JOIN messages known ON known.conversation_id = i.conversation_id
                        AND known.sender_id = i.sender_id AND known.client_id = i.client_id
                    LEFT JOIN messages replied ON replied.id = i.reply_to
                        AND replied.conversation_id = i.conversation_id
            ), placed AS (
                SELECT *, row_number() OVER (PARTITION BY conversation_id ORDER BY ordinal) AS step,
                    \(MessageTable.mentioned("judged.names", in: "judged.conversation_id")) AS mentions
                FROM judged WHERE verdict = 'stored'
            ), advanced AS (
                UPDATE conversations c SET \(ConversationTable.change(by: "n.steps")), last_seq = c.last_seq + n.steps,
                    active_at = now(), active_hour = date_trunc('hour', now(), 'UTC')
                FROM (SELECT conversation_id, max(step) AS steps FROM placed GROUP BY conversation_id) n
                WHERE c.id = n.conversation_id
            ), stored AS (
                INSERT INTO messages (id, conversation_id, sender_id, seq, revision, text, reply_to, client_id, fingerprint,
                    mentions, mentions_all)
                SELECT id, conversation_id, sender_id, last_seq + step, revision + step, text, reply_to, client_id,
                    fingerprint, mentions, mentions_all
                FROM placed
            ), attached AS (
                INSERT INTO attachments (message_id, position, upload_id, alt, as_file)
                SELECT p.id, w.position, w.upload_id, w.alt, w.as_file FROM placed p JOIN wanted w ON w.ordinal = p.ordinal
            )
            SELECT j.ordinal, j.verdict, j.known_id, j.username, j.display_name, now() AS created_at,
                p.mentions, p.mentions_all, j.last_seq + p.step AS seq, j.revision + p.step AS revision, j.url_epoch,
                j.is_hidden AND p.step = 1 AS is_revealing
            FROM judged j LEFT JOIN placed p ON p.ordinal = j.ordinal ORDER BY j.ordinal
            """
    }

    private var attachedUploads: PostgresQuery {
        """
        SELECT \(UploadStore.columns) FROM uploads up JOIN blobs b ON b.sha256 = up.sha256
        WHERE up.id = ANY(\(drafts.flatMap(\.attachments)))
        """
    }

    func result(_ results: [PostgresResult], uploads store: UploadStore) throws -> Result {
        var result = Result(outcomes: [], revealing: [])
        result.outcomes.reserveCapacity(drafts.count)
        var uploads: [UploadID: PostgresRow] = [:]
        if hasAttachments, let rows = results.last {
            for row in rows { uploads[try row["upload_id"]] = row }
        }
        for (draft, row) in zip(drafts, results[1]) {
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
