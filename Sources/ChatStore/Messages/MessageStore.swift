package import ChatModel
import Foundation
package import PostgresClient

/// The SQL of messages, reactions and reports; `MessageBatch` has the insertion.
package struct MessageStore: Sendable {
    let database: PostgresClient
    let changes: ChangeQueue
    let uploads: UploadStore

    /// The columns that `read` needs: `m` is the message's row, `s` its sender's.
    ///
    /// `status` asks for a member, other than the sender, whose mark is before the message: at most two steps in the
    /// index `members_read` or `members_delivered`, however large the group. Attachments and reactions are asked for by
    /// scalar subqueries: of an `EXISTS` PostgreSQL may make a hash table of all there are.
    static let columns: PostgresQuery = """
        m.id, m.conversation_id, m.seq, m.revision, m.sender_id, s.username, s.display_name,
        CASE WHEN m.deleted_at IS NULL THEN m.text ELSE '' END AS text,
        m.reply_to, m.client_id, m.created_at, m.edited_at, m.deleted_at,
        m.deleted_at IS NULL
            AND coalesce((SELECT true FROM attachments a WHERE a.message_id = m.id LIMIT 1), false) AS has_attachments,
        m.deleted_at IS NULL
            AND coalesce((SELECT true FROM reactions r WHERE r.message_id = m.id LIMIT 1), false) AS has_reactions,
        CASE
            WHEN NOT EXISTS (SELECT 1 FROM members o WHERE o.conversation_id = m.conversation_id
                AND o.user_id <> m.sender_id) THEN 'sent'
            WHEN NOT EXISTS (SELECT 1 FROM members o WHERE o.conversation_id = m.conversation_id
                AND o.read_seq < m.seq AND o.user_id <> m.sender_id) THEN 'read'
            WHEN NOT EXISTS (SELECT 1 FROM members o WHERE o.conversation_id = m.conversation_id
                AND o.delivered_seq < m.seq AND o.user_id <> m.sender_id) THEN 'delivered'
            ELSE 'sent'
        END AS status
        """

    package func find(_ ids: [MessageID]) async throws -> [Message] {
        guard !ids.isEmpty else { return [] }
        return try await read(
            database.query(
                """
                SELECT \(Self.columns) FROM messages m JOIN users s ON s.id = m.sender_id
                WHERE m.id = ANY(\(ids.map(\.uuid))) ORDER BY m.conversation_id, m.seq
                """))
    }

    package func find(_ id: MessageID) async throws -> Message? { try await find([id]).first }

    /// Stores a batch, each of its messages or none; decides about each by itself.
    /// - Parameter lane: batches of one lane are stored in the order of these calls.
    package func insert(_ batch: MessageBatch, on lane: Int) async throws -> [MessageBatch.Outcome] {
        try batch.outcomes(try await database.atomically(batch.queries, on: lane), uploads: uploads)
    }

    /// What a member reads of a conversation, and how they stand to it. In one round trip, the standing last: who is a
    /// member then was one when the messages were read.
    private func read(
        _ query: PostgresQuery, in conversation: ConversationID, for user: UserID
    ) async throws -> [Message] {
        let results = try await database.atomically([
            query, ConversationStore.standingQuery(of: user, in: conversation),
        ])
        try Permissions.read(try ConversationStore.standing(results[1]))
        return try await read(results[0])
    }

    /// The history as `user` may read it, in the order of the query: descending by `seq`, unless there is an `after`.
    /// - Throws: `not_a_member` or `not_found`.
    package func history(
        _ conversation: ConversationID, before: Int?, after: Int?, limit: Int, for user: UserID
    ) async throws -> [Message] {
        try await read(
            Self.historyQuery(conversation, before: before, after: after, limit: limit), in: conversation, for: user)
    }

    /// As `changed(_:since:limit:)`, for whoever may read the conversation.
    /// - Throws: `not_a_member` or `not_found`.
    package func changed(
        _ conversation: ConversationID, since revision: Int, limit: Int, for user: UserID
    ) async throws -> [Message] {
        try await read(
            Self.changedQuery(conversation, since: revision, limit: limit), in: conversation, for: user)
    }

    /// Ascending by `seq`; between the exclusive bounds that are given, from the lower one if it is, else up to the
    /// upper one.
    package func history(_ conversation: ConversationID, before: Int?, after: Int?, limit: Int) async throws
        -> [Message]
    {
        let query = Self.historyQuery(conversation, before: before, after: after, limit: limit)
        let messages = try await read(try await database.query(query))
        return after == nil ? messages.reversed() : messages
    }

    /// Descending by `seq`, unless there is an `after`.
    private static func historyQuery(
        _ conversation: ConversationID, before: Int?, after: Int?, limit: Int
    ) -> PostgresQuery {
        """
        SELECT \(columns) FROM messages m JOIN users s ON s.id = m.sender_id
        WHERE m.conversation_id = \(conversation.uuid)
            AND m.seq > \(after ?? 0) AND m.seq < \(before ?? Int.max)
        ORDER BY m.seq \(after == nil ? "DESC" : "ASC" as PostgresQuery) LIMIT \(limit)
        """
    }

    /// New or changed past `revision`, ascending by revision.
    package func changed(_ conversation: ConversationID, since revision: Int, limit: Int) async throws -> [Message] {
        try await read(try await database.query(Self.changedQuery(conversation, since: revision, limit: limit)))
    }

    private static func changedQuery(_ conversation: ConversationID, since revision: Int, limit: Int) -> PostgresQuery {
        """
        SELECT \(columns) FROM messages m JOIN users s ON s.id = m.sender_id
        WHERE m.conversation_id = \(conversation.uuid) AND m.revision > \(revision)
        ORDER BY m.revision LIMIT \(limit)
        """
    }

    /// How many of the newest matches are ranked: ranking reads each.
    private static let rankedMatches = 1000

    /// Whether the text names a word that has to be there: without one every message would have to be read.
    package func isSearchable(_ text: String) async throws -> Bool {
        // What an index can answer of a query: nothing of an empty one, and `T` of one that excludes only (PostgreSQL
        // documentation, 12.4.2.1).
        let rows = try await database.query(
            "SELECT querytree(websearch_to_tsquery('simple', \(text))) NOT IN ('', 'T') AS searchable")
        return try rows.first?.decode("searchable") ?? false
    }

    /// The best of the newest matches for the words of `text` in the conversations of `user`, newest first among equals.
    ///
    /// Each conversation is looked up in the index with the words, so that what a word matches elsewhere costs nothing.
    package func search(
        _ text: String, user: UserID, conversation: ConversationID?, before: MessageID?, limit: Int
    ) async throws -> [Message] {
        let rows = try await database.query(
            """
            SELECT \(Self.columns) FROM (
                SELECT matched.id FROM members me CROSS JOIN LATERAL (
                    SELECT x.id FROM messages x WHERE x.conversation_id = me.conversation_id AND x.deleted_at IS NULL
                        AND to_tsvector('simple', x.text) @@ websearch_to_tsquery('simple', \(text))
                        AND (\(before?.uuid)::uuid IS NULL OR x.id < \(before?.uuid))
                    ORDER BY x.id DESC LIMIT \(Self.rankedMatches)
                ) matched
                WHERE me.user_id = \(user.uuid)
                    AND (\(conversation?.uuid)::uuid IS NULL OR me.conversation_id = \(conversation?.uuid))
                ORDER BY matched.id DESC LIMIT \(Self.rankedMatches)
            ) newest JOIN messages m ON m.id = newest.id JOIN users s ON s.id = m.sender_id
            ORDER BY ts_rank(to_tsvector('simple', m.text), websearch_to_tsquery('simple', \(text))) DESC, m.id DESC
            LIMIT \(limit)
            """, plan: .forValues)
        return try await read(rows)
    }

    /// What deciding about a change of a message needs to know.
    package struct Standing: Sendable {
        package var conversation: ConversationID
        package var sender: UserID
        package var deleted: Bool
        package var text: String
        package var hasAttachments: Bool
        /// The asking user's role there; nil for someone who is no member.
        package var role: Member.Role?
        package var kind: Conversation.Kind
        package var visibility: Conversation.Visibility?
        package var isMuted: Bool
        package var isShutOut: Bool
    }

    /// Those of `rows` that somebody else holds at the moment, so that a message that needs them would wait. Waits for
    /// none of them.
    package func locked(among rows: Set<LockedRow>, on lane: Int) async throws -> Set<LockedRow> {
        var conversations: [UUID] = []
        var users: [UUID] = []
        var messages: [UUID] = []
        var uploads: [UUID] = []
        for row in rows {
            switch row {
            case .conversation(let id): conversations.append(id.uuid)
            case .user(let id): users.append(id.uuid)
            case .message(let id): messages.append(id.uuid)
            case .upload(let id): uploads.append(id.uuid)
            }
        }
        func held(_ ids: [UUID], of table: PostgresQuery, for strength: PostgresQuery) -> PostgresQuery {
            """
            WITH free AS MATERIALIZED (
                SELECT id FROM \(table) WHERE id = ANY(\(ids)) FOR \(strength) SKIP LOCKED)
            SELECT id FROM \(table) WHERE id = ANY(\(ids)) AND id NOT IN (SELECT id FROM free)
            """
        }
        let results = try await database.atomically(
            [
                // Nothing is changed: nobody has to wait for the disk.
                "SELECT set_config('synchronous_commit', 'off', true)",
                held(conversations, of: "conversations", for: "NO KEY UPDATE"),
                held(users, of: "users", for: "KEY SHARE"), held(messages, of: "messages", for: "KEY SHARE"),
                held(uploads, of: "uploads", for: "KEY SHARE"),
            ], on: lane)
        func ids<Entity>(_ result: PostgresResult, as type: Entity.Type) throws -> [ID<Entity>] {
            try result.map { ID<Entity>(try $0.decode("id")) }
        }
        return Set(
            try ids(results[1], as: Conversation.self).map { .conversation($0) }
                + ids(results[2], as: User.self).map { .user($0) }
                + ids(results[3], as: Message.self).map { .message($0) }
                + ids(results[4], as: Upload.self).map { .upload($0) })
    }

    package func conversation(of id: MessageID) async throws -> ConversationID? {
        try await database.query("SELECT conversation_id FROM messages WHERE id = \(id.uuid)").first.map {
            ConversationID(try $0.decode("conversation_id"))
        }
    }

    /// Locks what is to be changed, the message's conversation last, so that nobody's message to it waits while this
    /// waits for another row; then reads how `user` stands to the message.
    package func lock(_ id: MessageID, for user: UserID, in transaction: PostgresTransaction) async throws -> Standing?
    {
        let results = try await transaction.queries([
            "SELECT 1 FROM users WHERE id = \(user.uuid) FOR KEY SHARE",
            "SELECT 1 FROM messages WHERE id = \(id.uuid) FOR NO KEY UPDATE",
            """
            SELECT 1 FROM conversations WHERE id = (SELECT conversation_id FROM messages WHERE id = \(id.uuid))
            FOR NO KEY UPDATE
            """,
            """
            SELECT m.conversation_id, m.sender_id, m.deleted_at IS NOT NULL AS deleted, m.text, c.kind, c.visibility,
                EXISTS (SELECT 1 FROM attachments a WHERE a.message_id = m.id) AS has_attachments, me.role,
                \(UserStore.isMuted) AS is_muted, \(BlockStore.shutOut("\(user.uuid)")) AS is_shut_out
            FROM messages m JOIN conversations c ON c.id = m.conversation_id LEFT JOIN users u ON u.id = \(user.uuid)
                LEFT JOIN members me ON me.conversation_id = m.conversation_id AND me.user_id = \(user.uuid)
            WHERE m.id = \(id.uuid)
            """,
        ])
        return try results[3].first.map { row in
            Standing(
                conversation: ConversationID(try row.decode("conversation_id")),
                sender: UserID(try row.decode("sender_id")), deleted: try row.decode("deleted"),
                text: try row.decode("text"), hasAttachments: try row.decode("has_attachments"),
                role: try row.decode("role", as: String?.self).flatMap(Member.Role.init),
                kind: try row.decodeEnum("kind"),
                visibility: try row.decode("visibility", as: String?.self).flatMap(Conversation.Visibility.init),
                isMuted: try row.decode("is_muted"), isShutOut: try row.decode("is_shut_out"))
        }
    }

    /// - Returns: the revision that the change has.
    package func edit(_ id: MessageID, text: String, in transaction: PostgresTransaction) async throws -> Int {
        let revision = try await bump(id, in: transaction)
        try await transaction.query(
            "UPDATE messages SET text = \(text), edited_at = now(), revision = \(revision) WHERE id = \(id.uuid)")
        return revision
    }

    /// The text is forgotten; the row stays, so that `seq` has no hole.
    /// - Returns: the revision that the change has.
    package func delete(_ id: MessageID, by user: UserID, in transaction: PostgresTransaction) async throws -> Int {
        let revision = try await bump(id, in: transaction)
        try await transaction.query(
            """
            UPDATE messages SET text = '', deleted_at = now(), deleted_by = \(user.uuid),
                revision = \(revision)
            WHERE id = \(id.uuid)
            """)
        try await transaction.query("DELETE FROM reactions WHERE message_id = \(id.uuid)")
        return revision
    }

    /// - Returns: the revision that the change has; nil when nothing changed: the reaction stood already, or there was none
    ///   to take back.
    package func react(
        _ id: MessageID, emoji: String, by user: UserID, add: Bool, in transaction: PostgresTransaction
    ) async throws -> Int? {
        let rows = try await transaction.query(
            add
                ? """
                INSERT INTO reactions (message_id, emoji, user_id) VALUES (\(id.uuid), \(emoji), \(user.uuid))
                ON CONFLICT DO NOTHING RETURNING 1
                """
                : """
                DELETE FROM reactions WHERE message_id = \(id.uuid) AND emoji = \(emoji) AND user_id = \(user.uuid)
                RETURNING 1
                """)
        guard !rows.isEmpty else { return nil }
        let revision = try await bump(id, in: transaction)
        try await transaction.query("UPDATE messages SET revision = \(revision) WHERE id = \(id.uuid)")
        return revision
    }

    /// How many reactions of each emoji there are.
    package func reactionCounts(on id: MessageID, in transaction: PostgresTransaction) async throws -> [String: Int] {
        let rows = try await transaction.query(
            "SELECT emoji, count(*) AS count FROM reactions WHERE message_id = \(id.uuid) GROUP BY emoji")
        return Dictionary(
            try rows.map { (try $0.decode("emoji"), try $0.decode("count", as: Int.self)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The word filter's report of a message that was edited.
    package func report(_ id: MessageID, patterns: [String], in transaction: PostgresTransaction) async throws {
        try await transaction.query(ModerationStore.report([(id, patterns)]))
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
            SELECT \(ReportID.make().uuid), \(id.uuid), \(user.uuid), \(reason)
            WHERE NOT EXISTS (SELECT 1 FROM reports WHERE message_id = \(id.uuid) AND reporter_id = \(user.uuid)
                AND closed_at IS NULL)
            """, on: .user(user))
    }

    /// Counts one change of the message's conversation.
    /// - Returns: the revision that it has.
    private func bump(_ id: MessageID, in transaction: PostgresTransaction) async throws -> Int {
        let rows = try await transaction.query(
            """
            UPDATE conversations SET revision = revision + 1, updated_at = now()
            WHERE id = (SELECT conversation_id FROM messages WHERE id = \(id.uuid)) RETURNING revision
            """)
        guard let row = rows.first else { throw ChatError.notFound("message") }
        return try row.decode("revision")
    }

    /// Messages from rows with `columns`, in the rows' order. Attachments and reactions are asked for together, and only
    /// if there are any.
    func read(_ rows: PostgresResult) async throws -> [Message] {
        var messages: [Message] = []
        var withAttachments: [UUID] = []
        var withReactions: [UUID] = []
        messages.reserveCapacity(rows.count)
        for row in rows {
            let message = try Self.message(from: row)
            if try row.decode("has_attachments", as: Bool.self) { withAttachments.append(message.id.uuid) }
            if try row.decode("has_reactions", as: Bool.self) { withReactions.append(message.id.uuid) }
            messages.append(message)
        }
        if withAttachments.isEmpty, withReactions.isEmpty { return messages }
        let results = try await database.atomically([
            Self.attachmentsQuery(of: withAttachments), Self.reactionsQuery(to: withReactions),
        ])
        let attachments = try attachments(from: results[0])
        let reactions = try Self.reactions(from: results[1])
        for index in messages.indices {
            messages[index].attachments = attachments[messages[index].id] ?? []
            messages[index].reactions = reactions[messages[index].id] ?? []
        }
        return messages
    }

    private static func attachmentsQuery(of messages: [UUID]) -> PostgresQuery {
        """
        SELECT a.message_id, c.id AS conversation_id, \(UploadStore.urlEpoch), \(UploadStore.columns)
        FROM attachments a JOIN messages m ON m.id = a.message_id JOIN conversations c ON c.id = m.conversation_id
            JOIN uploads up ON up.id = a.upload_id JOIN blobs b ON b.sha256 = up.sha256
        WHERE a.message_id = ANY(\(messages)) AND up.removed_at IS NULL ORDER BY a.message_id, a.position
        """
    }

    private static func reactionsQuery(to messages: [UUID]) -> PostgresQuery {
        """
        SELECT message_id, emoji, array_agg(user_id ORDER BY created_at, user_id) AS users
        FROM reactions WHERE message_id = ANY(\(messages)) GROUP BY message_id, emoji ORDER BY min(created_at), emoji
        """
    }

    private func attachments(from rows: PostgresResult) throws -> [MessageID: [Upload]] {
        var attachments: [MessageID: [Upload]] = [:]
        for row in rows {
            let showing = UploadLinks.Showing(
                conversation: ConversationID(try row.decode("conversation_id")), epoch: try row.decode("url_epoch"))
            attachments[MessageID(try row.decode("message_id")), default: []].append(
                try uploads.upload(from: row, shownIn: showing))
        }
        return attachments
    }

    private static func reactions(from rows: PostgresResult) throws -> [MessageID: [Message.Reaction]] {
        var reactions: [MessageID: [Message.Reaction]] = [:]
        for row in rows {
            let users: [UUID] = try row.decode("users")
            reactions[MessageID(try row.decode("message_id")), default: []]
                .append(.init(emoji: try row.decode("emoji"), userIds: users.map { UserID($0) }))
        }
        return reactions
    }

    private static func message(from row: PostgresRow) throws -> Message {
        Message(
            id: MessageID(try row.decode("id")), conversationId: ConversationID(try row.decode("conversation_id")),
            seq: try row.decode("seq"), revision: try row.decode("revision"),
            sender: Sender(
                id: UserID(try row.decode("sender_id")), username: try row.decode("username"),
                displayName: try row.decode("display_name")),
            text: try row.decode("text"), attachments: [],
            replyTo: try row.decode("reply_to", as: UUID?.self).map { MessageID($0) }, reactions: [],
            clientId: try row.decode("client_id"), status: try row.decodeEnum("status"),
            createdAt: try row.decode("created_at"), editedAt: try row.decode("edited_at"),
            deletedAt: try row.decode("deleted_at"))
    }
}
