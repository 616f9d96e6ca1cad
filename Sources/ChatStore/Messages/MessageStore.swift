package import ChatModel
import PostgresClient

/// The SQL of messages, reactions and reports. `MessageBatch` inserts, `MessageChange` changes.
package struct MessageStore: Sendable {
    let database: PostgresClient
    let changes: ChangeQueue
    let uploads: UploadStore

    package func find(_ ids: [MessageID]) async throws -> [Message] {
        guard !ids.isEmpty else { return [] }
        return try await read(
            database.query(
                """
                SELECT \(MessageTable.columns) FROM messages m \(MessageTable.sender)
                WHERE m.id = ANY(\(ids)) ORDER BY m.conversation_id, m.seq
                """))
    }

    package func find(_ id: MessageID) async throws -> Message? { try await find([id]).first }

    /// Stores a batch in one transaction, also when the caller's task is cancelled. Each of its messages is accepted or
    /// refused by itself.
    /// - Parameter lane: Batches of one lane are stored in the order of these calls.
    package func insert(_ batch: MessageBatch, on lane: Int) async throws -> MessageBatch.Result {
        if let query = batch.loneQuery,
            let result = try batch.loneResult(try await database.uncancellably([query], on: lane), uploads: uploads)
        {
            return result
        }
        return try batch.result(try await database.uncancellably(batch.queries, on: lane), uploads: uploads)
    }

    /// Begins to store a batch that is one statement, without a task.
    /// - Parameter completion: Gets nil if the batch has to be stored by `insert`. Runs once, on the database client's thread,
    ///   or at once on the caller's. It must not block.
    package func insertAlone(
        _ batch: MessageBatch, on lane: Int,
        completion: @escaping @Sendable (Swift.Result<MessageBatch.Result?, any Error>) -> Void
    ) {
        guard let query = batch.loneQuery else { return completion(.success(nil)) }
        database.submit([query], on: lane) { [uploads] results in
            completion(Swift.Result { try batch.loneResult(try results.get(), uploads: uploads) })
        }
    }

    /// Reads messages and the user's membership in one round trip. The membership comes last: a user who is a member then
    /// was one when the messages were read.
    private func read(
        _ query: PostgresQuery, in conversation: ConversationID, for user: UserID
    ) async throws -> [Message] {
        let results = try await database.atomically([
            query, ConversationTable.membership(of: user, in: conversation),
        ])
        try Permissions.read(try results[1].first.map(ConversationTable.membership))
        return try await read(results[0])
    }

    /// The history as `user` may read it, in the order of the query: descending by `seq`, unless there is an `after`.
    /// - Throws: `not_a_member` or `not_found`.
    package func history(
        _ conversation: ConversationID, before: Int?, after: Int?, limit: Int, for user: UserID
    ) async throws -> [Message] {
        // The newest messages may be others a moment later. All others are the same in every statement, so their attachments
        // are read in the same round trip.
        guard before != nil || after != nil else {
            return try await read(Self.pageQuery(of: conversation, limit: limit), in: conversation, for: user)
        }
        let results = try await database.atomically([
            Self.pageQuery(of: conversation, before: before ?? .max, after: after, limit: limit),
            Self.attachmentsQuery(of: Self.withFiles(in: conversation, before: before, after: after, limit: limit)),
            ConversationTable.membership(of: user, in: conversation),
        ])
        try Permissions.read(try results[2].first.map(ConversationTable.membership))
        return try await read(results[0], attachments: results[1])
    }

    /// What is new or changed past `revision`, ascending by revision, if the user may read the conversation.
    /// - Throws: `not_a_member` or `not_found`.
    package func changed(
        _ conversation: ConversationID, since revision: Int, limit: Int, for user: UserID
    ) async throws -> [Message] {
        try await read(
            Self.changedQuery(conversation, since: revision, limit: limit), in: conversation, for: user)
    }

    /// The messages between two exclusive bounds: descending by `seq`, unless there is an `after`.
    private static func pageQuery(
        of conversation: ConversationID, before: Int = .max, after: Int? = nil, limit: Int
    ) -> PostgresQuery {
        """
        SELECT \(MessageTable.pageColumns) FROM \(MessageTable.page(of: conversation))
        WHERE m.seq > \(after ?? 0) AND m.seq < \(before)
        ORDER BY m.seq \(after == nil ? "DESC" : "ASC" as PostgresQuery) LIMIT \(limit)
        """
    }

    /// Those messages of the same page that have files, an array of ids. Because `seq` has no gaps, the page's end follows from
    /// its length, so its messages need not be read again.
    private static func withFiles(
        in conversation: ConversationID, before: Int?, after: Int?, limit: Int
    ) -> PostgresQuery {
        let first = after ?? max(0, (before.map { max(0, $0) } ?? .max) - limit - 1)
        let last = min(before ?? .max, first > .max - limit - 1 ? .max : first + limit + 1)
        return """
            ARRAY(SELECT x.message_id FROM shared_items x WHERE x.conversation_id = \(conversation)
                AND x.kind IN ('media', 'files') AND x.seq > \(first) AND x.seq < \(last))
            """
    }

    /// What is new or changed in each of some conversations past a revision, ascending by revision. Nothing of those that
    /// `user` is no member of, at the moment at which the messages are read.
    /// - Parameters:
    ///   - limit: How many of each.
    ///   - total: How many in all, more than `limit`: that bounds the memory that they take.
    /// - Returns: The messages of those conversations that were read: of the first one in any case.
    package func changed(
        since revisions: [(conversation: ConversationID, revision: Int)], for user: UserID, limit: Int,
        total: Int = maxReadTogether
    ) async throws -> [ConversationID: [Message]] {
        try await messages(
            of: revisions.map(\.conversation), past: revisions.map(\.revision), for: user, total: total,
            "x.revision > wanted.mark ORDER BY x.revision LIMIT \(limit)", ascendingBy: "m.revision")
    }

    /// The newest messages of each of some conversations, ascending by `seq`. As `changed(since:for:limit:total:)`.
    package func newest(
        of conversations: [ConversationID], for user: UserID, limit: Int, total: Int = maxReadTogether
    ) async throws -> [ConversationID: [Message]] {
        try await messages(
            of: conversations, past: conversations.map { _ in 0 }, for: user, total: total,
            "x.seq > wanted.mark ORDER BY x.seq DESC LIMIT \(limit)", ascendingBy: "m.seq")
    }

    package static let maxReadTogether = 200

    private func messages(
        of conversations: [ConversationID], past marks: [Int], for user: UserID, total: Int,
        _ condition: PostgresQuery, ascendingBy order: PostgresQuery
    ) async throws -> [ConversationID: [Message]] {
        guard !conversations.isEmpty else { return [:] }
        let found = try await read(
            database.query(
                """
                SELECT \(MessageTable.columns)
                FROM unnest(\(conversations), \(marks)) WITH ORDINALITY AS wanted (conversation_id, mark, ordinal)
                    JOIN members me ON me.conversation_id = wanted.conversation_id AND me.user_id = \(user)
                    CROSS JOIN LATERAL (
                        SELECT * FROM messages x WHERE x.conversation_id = wanted.conversation_id AND \(condition)
                    ) m \(MessageTable.sender)
                ORDER BY wanted.ordinal, \(order) LIMIT \(total)
                """))
        // Where there may be more, the last conversation is not whole, and those behind it were not read.
        let cut = found.count < total ? nil : found.last?.conversationId
        let whole = conversations.prefix { $0 != cut }
        let messages = Dictionary(grouping: found, by: \.conversationId)
        return Dictionary(whole.map { ($0, messages[$0] ?? []) }, uniquingKeysWith: { first, _ in first })
    }

    private static func changedQuery(_ conversation: ConversationID, since revision: Int, limit: Int) -> PostgresQuery {
        """
        SELECT \(MessageTable.pageColumns) FROM \(MessageTable.page(of: conversation)) WHERE m.revision > \(revision)
        ORDER BY m.revision LIMIT \(limit)
        """
    }

    /// Changes a message in its conversation's turn and in one transaction, and then, in the same turn, runs
    /// `committed`. `body` may run more than once: what it did is undone before it runs again.
    package func change<Value: Sendable, Outcome: Sendable>(
        _ id: MessageID, in conversation: ConversationID,
        _ body: @escaping @Sendable (MessageChange) async throws -> Value,
        committed: @escaping @Sendable (Value) async throws -> Outcome
    ) async throws -> Outcome {
        try await changes.transaction(on: .conversation(conversation)) { transaction in
            try await body(MessageChange(id: id, transaction: transaction))
        } committed: {
            try await committed($0)
        }
    }

    package func conversation(of id: MessageID) async throws -> ConversationID? {
        try await database.query("SELECT conversation_id FROM messages WHERE id = \(id)").first.map {
            try $0["conversation_id"]
        }
    }

    /// Merges the words of new messages into the index, on a connection that other queries do not share.
    package func mergeWords() async throws {
        _ = try await database.withTransaction { try await $0.query("SELECT gin_clean_pending_list('messages_words')") }
    }

    /// One open report of a message by the same user is enough.
    package func report(_ id: MessageID, by user: UserID, reason: String) async throws {
        try await changes.query(
            """
            INSERT INTO reports (id, message_id, reporter_id, reason)
            SELECT \(ReportID.make()), \(id), \(user), \(reason)
            WHERE NOT EXISTS (SELECT 1 FROM reports WHERE message_id = \(id) AND reporter_id = \(user)
                AND closed_at IS NULL)
            """, on: .user(user))
    }

    /// Makes messages from rows with `MessageTable.columns`, in their order.
    /// - Parameter known: The attachments of most of these messages, if they were read already. All others are read together
    ///   with the cards, and only if there are any.
    func read(
        _ rows: some Collection<PostgresRow>, attachments known: PostgresResult? = nil
    ) async throws -> [Message] {
        let known = try known.map(attachments) ?? [:]
        var messages: [Message] = []
        var missing: [MessageID: Int] = [:]
        var withCards: [MessageID: Int] = [:]
        messages.reserveCapacity(rows.count)
        for row in rows {
            var message = try Self.message(from: row)
            if try row.decode("has_attachments", as: Bool.self) {
                if let files = known[message.id] {
                    show(files, in: &message)
                } else {
                    missing[message.id] = messages.count
                }
            }
            if try row.decode("has_card", as: Bool.self) { withCards[message.id] = messages.count }
            messages.append(message)
        }
        if missing.isEmpty, withCards.isEmpty { return messages }
        let found = try await database.atomically([
            Self.attachmentsQuery(of: "\(Array(missing.keys))"), Self.cardsQuery(of: "\(Array(withCards.keys))"),
        ])
        for (id, files) in try attachments(from: found[0]) {
            if let index = missing[id] { show(files, in: &messages[index]) }
        }
        for (id, card) in try cards(from: found[1]) {
            if let index = withCards[id] { messages[index].card = card }
        }
        return messages
    }

    private typealias Files = (uploads: [Upload], showing: UploadLinks.Showing)

    private func show(_ files: Files, in message: inout Message) {
        message.attachments = files.uploads
        message.filesUrl = uploads.archiveURL(of: message.id, files.uploads, files.showing)
    }

    /// - Parameter messages: An expression: an array of ids.
    private static func attachmentsQuery(of messages: PostgresQuery) -> PostgresQuery {
        """
        SELECT a.message_id, a.alt, a.as_file, c.id AS conversation_id, \(ConversationTable.urlEpoch), \(UploadStore.columns)
        FROM attachments a JOIN messages m ON m.id = a.message_id JOIN conversations c ON c.id = m.conversation_id
            JOIN uploads up ON up.id = a.upload_id JOIN blobs b ON b.sha256 = up.sha256
        WHERE a.message_id = ANY(\(messages)) AND up.removed_at IS NULL ORDER BY a.message_id, a.position
        """
    }

    private func attachments(from rows: PostgresResult) throws -> [MessageID: Files] {
        var attachments: [MessageID: Files] = [:]
        for row in rows {
            let showing = UploadLinks.Showing(
                conversation: try row["conversation_id"], epoch: try row["url_epoch"])
            attachments[try row["message_id"], default: ([], showing)].uploads.append(
                try uploads.upload(
                    from: row, shownIn: showing, alt: try row["alt"], asFile: try row["as_file"]))
        }
        return attachments
    }

    /// From texts of an emoji and a user's id. An older version stored several spellings of one emoji: they are one reaction, of
    /// each user once.
    private static func reactions(from row: PostgresRow) throws -> [Message.Reaction] {
        guard let stored = try row.decode("reactions", as: [String]?.self), !stored.isEmpty else { return [] }
        var reactions: [Message.Reaction] = []
        var indexes: [Substring: Int] = [:]
        for text in stored {
            guard let blank = text.lastIndex(of: " "), let user = UserID(String(text[blank...].dropFirst())) else {
                throw ChatError.unavailable
            }
            let spelled = text[..<blank]
            if let index = indexes[spelled] {
                reactions[index].userIds.append(user)
                continue
            }
            let emoji = Emoji.canonical(String(spelled)) ?? String(spelled)
            if let index = reactions.firstIndex(where: { $0.emoji == emoji }) {
                indexes[spelled] = index
                reactions[index].userIds.append(user)
            } else {
                indexes[spelled] = reactions.count
                reactions.append(.init(emoji: emoji, userIds: [user]))
            }
        }
        if indexes.count > reactions.count {
            for index in reactions.indices {
                var seen: Set<UserID> = []
                reactions[index].userIds.removeAll { !seen.insert($0).inserted }
            }
        }
        return reactions
    }

    private static func message(from row: PostgresRow) throws -> Message {
        Message(
            id: try row["id"], conversationId: try row["conversation_id"],
            seq: try row["seq"], revision: try row["revision"],
            sender: Sender(
                id: try row["sender_id"], username: try row["username"],
                displayName: try row["display_name"]),
            text: try row["text"], attachments: [],
            mentions: try row.decode("mentions", as: [UserID]?.self) ?? [], mentionsAll: try row["mentions_all"],
            replyTo: try row["reply_to"], reactions: try reactions(from: row),
            clientId: try row["client_id"], status: try row["status"],
            createdAt: try row["created_at"], editedAt: try row["edited_at"],
            deletedAt: try row["deleted_at"])
    }
}
