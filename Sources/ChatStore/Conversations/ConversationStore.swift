package import ChatModel
import PostgresClient

/// The SQL of conversations and their members.
package struct ConversationStore: Sendable {
    let database: PostgresClient
    let changes: ChangeQueue
    let users: UserStore
    let messages: MessageStore

    // MARK: Reading

    /// The conversations `ids` as `viewer` sees them, in the order of `ids`; those that do not exist are left out.
    /// - Parameter listed: How many members of each are listed.
    package func views(
        _ ids: [ConversationID], for viewer: UserID, listing listed: Int = GroupSize.listed
    ) async throws -> [Conversation] {
        guard !ids.isEmpty else { return [] }
        // `OFFSET 0`: else PostgreSQL may read all memberships of the viewer, instead of these by their keys.
        let results = try await database.atomically([
            """
            SELECT c.id, c.kind, c.title, c.visibility, c.last_seq, c.revision, c.created_at, c.updated_at,
                me.user_id IS NOT NULL AS is_member,
                (SELECT count(*) FROM members x WHERE x.conversation_id = c.id) AS member_count, \(Self.ownColumns)
            FROM conversations c LEFT JOIN LATERAL (
                    SELECT * FROM members x WHERE x.conversation_id = c.id AND x.user_id = \(viewer) OFFSET 0
                ) me ON true \(Self.inviter)
            WHERE c.id = ANY(\(ids))
            """,
            Self.lastMessagesQuery(of: ids, for: viewer),
            Self.listedMembersQuery(of: ids, for: viewer, atMost: listed),
        ])
        let rows = results[0]
        async let lastMessages = messages.read(results[1])
        let members = try await listedMembers(from: results[2])
        let last = Dictionary(
            try await lastMessages.map { ($0.conversationId, $0) }, uniquingKeysWith: { first, _ in first })
        var views: [ConversationID: Conversation] = [:]
        for row in rows {
            let id: ConversationID = try row["id"]
            // From outside, only the title and the size of a public group are seen.
            let isMember: Bool = try row["is_member"]
            var view = Conversation(
                id: id, kind: try row["kind"], title: try row["title"],
                visibility: try row["visibility"],
                members: isMember ? members[id] ?? [] : [], memberCount: try row["member_count"],
                lastSeq: try row["last_seq"], revision: try row["revision"],
                lastMessage: isMember ? last[id] : nil, unreadCount: 0, createdAt: try row["created_at"],
                updatedAt: try row["updated_at"])
            if isMember { view.show(try Self.own(row)) }
            views[id] = view
        }
        return ids.compactMap { views[$0] }
    }

    package func view(_ id: ConversationID, for viewer: UserID) async throws -> Conversation? {
        try await views([id], for: viewer).first
    }

    /// The invitation of the member `me`, as long as it is not answered. A message of their own answers it, too.
    ///
    /// Few members have one: the limit keeps PostgreSQL from reading all users into a hash table for them, and without an
    /// invitation the condition does not look for messages.
    private static let inviter: PostgresQuery = """
        LEFT JOIN LATERAL (
            SELECT i.id, i.username, i.display_name FROM users i
            WHERE i.id = CASE WHEN me.invited_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM messages own
                WHERE own.sender_id = me.user_id AND own.conversation_id = me.conversation_id
                    AND own.created_at >= me.invited_at) THEN me.invited_by END
            LIMIT 1
        ) inviter ON true
        """

    /// The columns of `Own`. `c` is the conversation's row, `me` the member's, with `inviter` behind them.
    private static let ownColumns: PostgresQuery = """
        me.role AS own_role, me.delivered_seq AS own_delivered, me.read_seq AS own_read,
        \(ConversationTable.lowestOfOthers("delivered_seq")) AS others_delivered,
        \(ConversationTable.lowestOfOthers("read_seq")) AS others_read,
        \(ConversationTable.others(past: "read_seq")) AS unread,
        \(ConversationTable.unreadMentions) AS unread_mentions, \(AttentionTable.columns(of: "me")), inviter.id AS inviter_id, inviter.username AS inviter_username, inviter.display_name AS inviter_name,
        me.invited_at
        """

    private static func invitation(_ row: PostgresRow) throws -> Conversation.Invitation? {
        guard let inviter = try row.decode("inviter_id", as: UserID?.self) else { return nil }
        return Conversation.Invitation(
            by: Sender(
                id: inviter, username: try row["inviter_username"],
                displayName: try row["inviter_name"]),
            at: try row["invited_at"])
    }

    /// What only the member is shown.
    package struct Own: Sendable {
        package var membership: Conversation.Own
        package var others: Conversation.Marks?
        package var unread: Int
        package var unreadMentions: Int
        package var invitation: Conversation.Invitation?
    }

    private static func own(_ row: PostgresRow) throws -> Own {
        var others: Conversation.Marks?
        if let delivered = try row.decode("others_delivered", as: Int?.self),
            let read = try row.decode("others_read", as: Int?.self)
        {
            others = Conversation.Marks(deliveredSeq: delivered, readSeq: read)
        }
        return Own(
            membership: Conversation.Own(
                role: try row["own_role"], deliveredSeq: try row["own_delivered"], readSeq: try row["own_read"],
                attention: try AttentionTable.attention(from: row)),
            others: others, unread: try row["unread"], unreadMentions: try row["unread_mentions"],
            invitation: try invitation(row))
    }

    /// For each of `users`, who are members.
    package func own(in id: ConversationID, for users: [UserID]) async throws -> [UserID: Own] {
        let rows = try await database.query(
            """
            SELECT me.user_id, \(Self.ownColumns)
            FROM members me JOIN conversations c ON c.id = me.conversation_id \(Self.inviter)
            WHERE me.conversation_id = \(id) AND me.user_id = ANY(\(users))
            """)
        return Dictionary(
            try rows.map { (try $0["user_id"], try Self.own($0)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Of the conversations that `viewer` is a member of now: they may have been removed since another statement.
    private static func listedMembersQuery(
        of conversations: [ConversationID], for viewer: UserID, atMost listed: Int
    ) -> PostgresQuery {
        """
        SELECT x.conversation_id, x.user_id, x.role, x.delivered_seq, x.read_seq
        FROM unnest(\(conversations)) AS wanted (id)
            JOIN members me ON me.conversation_id = wanted.id AND me.user_id = \(viewer) CROSS JOIN LATERAL (
            SELECT * FROM members f WHERE f.conversation_id = wanted.id
            ORDER BY f.joined_at, f.user_id LIMIT \(max(0, listed))
        ) x
        ORDER BY x.conversation_id, x.joined_at, x.user_id
        """
    }

    /// Somebody who is in several of the conversations is read once.
    private func listedMembers(from rows: PostgresResult) async throws -> [ConversationID: [Member]] {
        let ids = Set(try rows.map { try $0.decode("user_id", as: UserID.self) })
        let people = Dictionary(
            try await users.find(Array(ids)).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var members: [ConversationID: [Member]] = [:]
        for row in rows {
            let conversation: ConversationID = try row["conversation_id"]
            // Users are never deleted.
            guard let user = people[try row["user_id"]] else { continue }
            members[conversation, default: []].append(try Self.member(from: row, user: user))
        }
        return members
    }

    /// As `listedMembersQuery`.
    private static func lastMessagesQuery(of conversations: [ConversationID], for viewer: UserID) -> PostgresQuery {
        """
        SELECT \(MessageTable.columns) FROM conversations c
            JOIN members me ON me.conversation_id = c.id AND me.user_id = \(viewer)
            JOIN messages m ON m.conversation_id = c.id AND m.seq = c.last_seq \(MessageTable.sender)
        WHERE c.id = ANY(\(conversations))
        """
    }

    package struct Page: Sendable {
        package var ids: [ConversationID]
        package var next: ActivityCursor?
    }

    /// The user's conversations, latest activity first.
    package func list(of user: UserID, after cursor: ActivityCursor?, limit: Int) async throws -> Page {
        let rows = try await database.query(
            """
            SELECT c.id, c.active_at FROM members me JOIN conversations c ON c.id = me.conversation_id
            WHERE me.user_id = \(user) AND \(ConversationTable.isShown(to: "me.user_id"))
                AND (\(cursor?.date)::timestamptz IS NULL
                    OR (c.active_at, c.id) < (\(cursor?.date), \(cursor?.id)))
            ORDER BY c.active_at DESC, c.id DESC LIMIT \(limit + 1)
            """)
        return try page(rows, limit: limit)
    }

    /// Groups by the beginnings of words of their titles; without a word, all. Those that were written to most recently come
    /// first, by the hour.
    package func publicGroups(matching query: String, after cursor: ActivityCursor?, limit: Int) async throws -> Page {
        let rows = try await database.query(
            """
            SELECT c.id, c.active_hour AS active_at FROM conversations c
            WHERE c.visibility = 'public'
                AND (search_names(\(query)) IS NULL OR search_words(c.title) @@ search_names(\(query)))
                AND (\(cursor?.date)::timestamptz IS NULL
                    OR (c.active_hour, c.id) < (\(cursor?.date), \(cursor?.id)))
            ORDER BY c.active_hour DESC, c.id DESC LIMIT \(limit + 1)
            """, plan: .forValues)
        return try page(rows, limit: limit)
    }

    private func page(_ rows: PostgresResult, limit: Int) throws -> Page {
        let entries = try rows.map {
            ActivityCursor(date: try $0["active_at"], id: try $0["id"])
        }
        return Page(ids: entries.prefix(limit).map(\.id), next: entries.count > limit ? entries[limit - 1] : nil)
    }

    /// The conversations of each of the users, without those that are hidden from them.
    package func positions(of users: [UserID]) async throws -> [UserID: [ConversationPosition]] {
        let rows = try await database.query(
            """
            SELECT me.user_id, me.conversation_id, c.revision, c.last_seq FROM members me JOIN conversations c ON c.id = me.conversation_id
            WHERE me.user_id = ANY(\(users)) AND \(ConversationTable.isShown(to: "me.user_id"))
            """)
        var positions: [UserID: [ConversationPosition]] = [:]
        for row in rows {
            positions[try row[0], default: []].append(
                ConversationPosition(id: try row[1], revision: try row[2], lastSeq: try row[3]))
        }
        return positions
    }

    /// A page of the members, in the order in which they joined.
    package func members(
        of conversation: ConversationID, after cursor: MemberCursor?, limit: Int
    ) async throws -> (members: [Member], next: MemberCursor?) {
        let rows = try await database.query(
            """
            SELECT x.conversation_id, x.role, x.delivered_seq, x.read_seq, x.joined_at, \(UserStore.columns)
            FROM members x JOIN users u ON u.id = x.user_id
            WHERE x.conversation_id = \(conversation)
                AND (\(cursor?.date)::timestamptz IS NULL
                    OR (x.joined_at, x.user_id) > (\(cursor?.date), \(cursor?.id)))
            ORDER BY x.joined_at, x.user_id LIMIT \(limit + 1)
            """)
        let people = try await users.read(rows)
        let members = try zip(rows, people).map { try Self.member(from: $0, user: $1) }
        guard members.count > limit else { return (members, nil) }
        let next = MemberCursor(date: try rows[limit - 1].decode("joined_at"), id: people[limit - 1].id)
        return (Array(members.prefix(limit)), next)
    }

    /// The members whose names have words that begin like those of the query, by user name.
    package func members(of conversation: ConversationID, named query: String, limit: Int) async throws -> [Member] {
        let rows = try await database.query(
            """
            SELECT x.role, x.delivered_seq, x.read_seq, \(UserStore.columns)
            FROM users u JOIN members x ON x.conversation_id = \(conversation) AND x.user_id = u.id
            WHERE \(UserTable.isNamed(query)) AND NOT \(UserTable.isClosed)
            ORDER BY u.username LIMIT \(limit)
            """, plan: .forValues)
        return try zip(rows, try await users.read(rows)).map { try Self.member(from: $0, user: $1) }
    }

    /// Those of `users` who are members.
    package func members(_ users: [UserID], of conversation: ConversationID) async throws -> [Member] {
        let rows = try await database.query(
            """
            SELECT x.role, x.delivered_seq, x.read_seq, \(UserStore.columns)
            FROM members x JOIN users u ON u.id = x.user_id
            WHERE x.conversation_id = \(conversation) AND x.user_id = ANY(\(users)) ORDER BY x.joined_at, x.user_id
            """)
        return try zip(rows, try await self.users.read(rows)).map { try Self.member(from: $0, user: $1) }
    }

    /// From whom the direct conversation was hidden until the message `seq` came, and who neither opened nor hid it since.
    package func revealed(by seq: Int, in id: ConversationID) async throws -> [UserID] {
        try await database.query(
            "SELECT \(ConversationTable.wasHidden(before: seq)) AS users FROM conversations c WHERE c.id = \(id)"
        ).first?["users"] ?? []
    }

    /// All members, for events that concern each of them.
    package func memberIDs(of id: ConversationID) async throws -> [UserID] {
        try await database.query("SELECT user_id FROM members WHERE conversation_id = \(id)").map { try $0["user_id"] }
    }

    /// Nil when there is no such conversation.
    package func membership(of user: UserID, in id: ConversationID) async throws -> Membership? {
        try await database.query(ConversationTable.membership(of: user, in: id)).first
            .map(ConversationTable.membership)
    }

    /// A user's membership, and how they are named to the other members. Nil when there is no such conversation or user.
    package func speaker(
        _ user: UserID, in id: ConversationID
    ) async throws -> (membership: Membership, name: Sender)? {
        try await database.query(
            """
            SELECT u.username, u.display_name, \(ConversationTable.membershipColumns(of: user))
            FROM conversations c JOIN users u ON u.id = \(user)
                LEFT JOIN members me ON me.conversation_id = c.id AND me.user_id = u.id
            WHERE c.id = \(id)
            """
        ).first.map { row in
            (
                try ConversationTable.membership(from: row),
                Sender(id: user, username: try row["username"], displayName: try row["display_name"])
            )
        }
    }

    private static func member(from row: PostgresRow, user: User) throws -> Member {
        Member(
            user: user, role: try row["role"], deliveredSeq: try row["delivered_seq"],
            readSeq: try row["read_seq"])
    }
}

extension Conversation {
    /// Shows it as the member sees it to whom `own` belongs.
    package mutating func show(_ own: ConversationStore.Own) {
        me = own.membership
        others = own.others
        unreadCount = own.unread
        unreadMentions = own.unreadMentions
        invitation = own.invitation
    }
}
