package import ChatModel
import Foundation
import PostgresClient

/// The SQL of conversations and their members.
package struct ConversationStore: Sendable {
    /// How many members a `Conversation` lists.
    package static let listedMembers = 50
    /// How many members a group may have.
    package static let maximumMembers = 10_000
    /// Presence goes to the members of groups up to this size; larger ones ask.
    package static let presenceMembers = 200

    let database: PostgresClient
    let changes: ChangeQueue
    let users: UserStore
    let messages: MessageStore

    // MARK: Reading

    /// How many messages of others lie past a mark of the member `me` of the conversation `c`. `seq` has no gaps, so
    /// only those that do not count are looked for: one's own and deleted ones.
    static func others(past mark: PostgresQuery) -> PostgresQuery {
        """
        CASE WHEN c.last_seq > me.\(mark) THEN c.last_seq - me.\(mark)
            - (SELECT count(*) FROM messages own WHERE own.sender_id = me.user_id
                AND own.conversation_id = me.conversation_id AND own.seq > me.\(mark))
            - (SELECT count(*) FROM messages gone WHERE gone.conversation_id = me.conversation_id
                AND gone.seq > me.\(mark) AND gone.deleted_at IS NOT NULL AND gone.sender_id <> me.user_id)
        ELSE 0 END
        """
    }

    /// The conversations `ids` as `viewer` sees them, in the order of `ids`; those that do not exist are left out.
    package func views(_ ids: [ConversationID], for viewer: UserID) async throws -> [Conversation] {
        guard !ids.isEmpty else { return [] }
        let keys = ids.map(\.uuid)
        let rows = try await database.query(
            """
            SELECT c.id, c.kind, c.title, c.visibility, c.last_seq, c.revision, c.created_at, c.updated_at,
                me.user_id IS NOT NULL AS is_member,
                (SELECT count(*) FROM members x WHERE x.conversation_id = c.id) AS member_count,
                \(Self.others(past: "read_seq")) AS unread, \(Self.invitationColumns)
            FROM conversations c LEFT JOIN members me ON me.conversation_id = c.id AND me.user_id = \(viewer.uuid)
                \(Self.inviter)
            WHERE c.id = ANY(\(keys))
            """)
        let members = try await listedMembers(of: keys)
        let last = try await lastMessages(of: keys)
        var views: [ConversationID: Conversation] = [:]
        for row in rows {
            let id = ConversationID(try row.decode("id"))
            // From outside a public group its title and size are seen, not what is inside.
            let isMember: Bool = try row.decode("is_member")
            views[id] = Conversation(
                id: id, kind: try row.decodeEnum("kind"), title: try row.decode("title"),
                visibility: try row.decode("visibility", as: String?.self).flatMap(Conversation.Visibility.init),
                members: isMember ? members[id] ?? [] : [], memberCount: try row.decode("member_count"),
                lastSeq: try row.decode("last_seq"), revision: try row.decode("revision"),
                lastMessage: isMember ? last[id] : nil,
                unreadCount: try row.decode("unread"), invitation: try Self.invitation(row),
                createdAt: try row.decode("created_at"),
                updatedAt: try row.decode("updated_at"))
        }
        return ids.compactMap { views[$0] }
    }

    package func view(_ id: ConversationID, for viewer: UserID) async throws -> Conversation? {
        try await views([id], for: viewer).first
    }

    /// The invitation of the member `me`, while they have not answered it; a message of their own does so too.
    private static let inviter: PostgresQuery = """
        LEFT JOIN users inviter ON inviter.id = me.invited_by AND NOT EXISTS (SELECT 1 FROM messages own
            WHERE own.sender_id = me.user_id AND own.conversation_id = me.conversation_id
                AND own.created_at >= me.invited_at)
        """
    private static let invitationColumns: PostgresQuery = """
        inviter.id AS inviter_id, inviter.username AS inviter_username, inviter.display_name AS inviter_name,
        me.invited_at
        """

    private static func invitation(_ row: PostgresRow) throws -> Conversation.Invitation? {
        guard let inviter = try row.decode("inviter_id", as: UUID?.self) else { return nil }
        return Conversation.Invitation(
            by: Sender(
                id: UserID(inviter), username: try row.decode("inviter_username"),
                displayName: try row.decode("inviter_name")),
            at: try row.decode("invited_at"))
    }

    /// What only the member themselves is shown.
    package struct Own: Sendable {
        package var unread: Int
        package var invitation: Conversation.Invitation?
    }

    /// Of each of `users`, all of them members.
    package func own(in id: ConversationID, for users: [UserID]) async throws -> [UserID: Own] {
        let rows = try await database.query(
            """
            SELECT me.user_id, \(Self.others(past: "read_seq")) AS unread, \(Self.invitationColumns)
            FROM members me JOIN conversations c ON c.id = me.conversation_id \(Self.inviter)
            WHERE me.conversation_id = \(id.uuid) AND me.user_id = ANY(\(users.map(\.uuid)))
            """)
        return Dictionary(
            try rows.map {
                (
                    UserID(try $0.decode("user_id")),
                    Own(unread: try $0.decode("unread"), invitation: try Self.invitation($0))
                )
            },
            uniquingKeysWith: { first, _ in first })
    }

    private func listedMembers(of conversations: [UUID]) async throws -> [ConversationID: [Member]] {
        let rows = try await database.query(
            """
            SELECT x.conversation_id, x.role, x.delivered_seq, x.read_seq, \(UserStore.columns)
            FROM unnest(\(conversations)) AS wanted (id) CROSS JOIN LATERAL (
                SELECT * FROM members f WHERE f.conversation_id = wanted.id
                ORDER BY f.joined_at, f.user_id LIMIT \(Self.listedMembers)
            ) x JOIN users u ON u.id = x.user_id
            ORDER BY x.conversation_id, x.joined_at, x.user_id
            """)
        let people = try await users.read(rows)
        var members: [ConversationID: [Member]] = [:]
        for (row, user) in zip(rows, people) {
            members[ConversationID(try row.decode("conversation_id")), default: []].append(
                try Self.member(from: row, user: user))
        }
        return members
    }

    private func lastMessages(of conversations: [UUID]) async throws -> [ConversationID: Message] {
        let found = try await messages.read(
            database.query(
                """
                SELECT \(MessageStore.columns) FROM conversations c
                    JOIN messages m ON m.conversation_id = c.id AND m.seq = c.last_seq
                    JOIN users s ON s.id = m.sender_id
                WHERE c.id = ANY(\(conversations))
                """))
        return Dictionary(found.map { ($0.conversationId, $0) }, uniquingKeysWith: { first, _ in first })
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
            WHERE me.user_id = \(user.uuid)
                AND (\(cursor?.date)::timestamptz IS NULL
                    OR (c.active_at, c.id) < (\(cursor?.date), \(cursor?.id.uuid)))
            ORDER BY c.active_at DESC, c.id DESC LIMIT \(limit + 1)
            """)
        return try page(rows, limit: limit)
    }

    /// Those written to in the latest hour first.
    package func publicGroups(matching query: String, after cursor: ActivityCursor?, limit: Int) async throws -> Page {
        let words = query.split(whereSeparator: { !$0.isLetter && !$0.isNumber }).map { "\($0):*" }
        let rows = try await database.query(
            """
            SELECT c.id, c.active_hour AS active_at FROM conversations c
            WHERE c.visibility = 'public'
                AND (\(words.isEmpty) OR to_tsvector('simple', c.title)
                    @@ to_tsquery('simple', \(words.joined(separator: " & "))))
                AND (\(cursor?.date)::timestamptz IS NULL
                    OR (c.active_hour, c.id) < (\(cursor?.date), \(cursor?.id.uuid)))
            ORDER BY c.active_hour DESC, c.id DESC LIMIT \(limit + 1)
            """, plan: .forValues)
        return try page(rows, limit: limit)
    }

    private func page(_ rows: PostgresResult, limit: Int) throws -> Page {
        let entries = try rows.map {
            ActivityCursor(date: try $0.decode("active_at"), id: ConversationID(try $0.decode("id")))
        }
        return Page(ids: entries.prefix(limit).map(\.id), next: entries.count > limit ? entries[limit - 1] : nil)
    }

    /// Every conversation of each of the users.
    package func ids(of users: [UserID]) async throws -> [UserID: [ConversationID]] {
        let rows = try await database.query(
            "SELECT user_id, conversation_id FROM members WHERE user_id = ANY(\(users.map(\.uuid)))")
        var ids: [UserID: [ConversationID]] = [:]
        for row in rows {
            ids[UserID(try row.decode(0)), default: []].append(ConversationID(try row.decode(1)))
        }
        return ids
    }

    /// A page of the members, in the order in which they joined.
    package func members(
        of conversation: ConversationID, after cursor: MemberCursor?, limit: Int
    ) async throws -> (members: [Member], next: MemberCursor?) {
        let rows = try await database.query(
            """
            SELECT x.conversation_id, x.role, x.delivered_seq, x.read_seq, x.joined_at, \(UserStore.columns)
            FROM members x JOIN users u ON u.id = x.user_id
            WHERE x.conversation_id = \(conversation.uuid)
                AND (\(cursor?.date)::timestamptz IS NULL
                    OR (x.joined_at, x.user_id) > (\(cursor?.date), \(cursor?.id.uuid)))
            ORDER BY x.joined_at, x.user_id LIMIT \(limit + 1)
            """)
        let people = try await users.read(rows)
        let members = try zip(rows, people).map { try Self.member(from: $0, user: $1) }
        guard members.count > limit else { return (members, nil) }
        let next = MemberCursor(date: try rows[limit - 1].decode("joined_at"), id: people[limit - 1].id)
        return (Array(members.prefix(limit)), next)
    }

    /// Those who are told when each of the users comes and goes: who shares a direct conversation or a small group.
    package func audiences(of users: [UserID]) async throws -> [UserID: [UserID]] {
        // `OFFSET 0`: the groups that are too large are left out before anybody's others are looked for.
        let rows = try await database.query(
            """
            SELECT DISTINCT near.user_id AS of, o.user_id FROM (
                SELECT me.user_id, me.conversation_id FROM members me JOIN conversations c ON c.id = me.conversation_id
                WHERE me.user_id = ANY(\(users.map(\.uuid))) AND (c.kind = 'direct' OR
                    (SELECT count(*) FROM (SELECT 1 FROM members x WHERE x.conversation_id = c.id
                        LIMIT \(Self.presenceMembers + 1)) AS counted) <= \(Self.presenceMembers))
                OFFSET 0
            ) near JOIN members o ON o.conversation_id = near.conversation_id AND o.user_id <> near.user_id
            """)
        var audiences: [UserID: [UserID]] = [:]
        for row in rows {
            audiences[UserID(try row.decode(0)), default: []].append(UserID(try row.decode(1)))
        }
        return audiences
    }

    package func standing(of user: UserID, in conversation: ConversationID) async throws -> Permissions.Standing? {
        try Self.standing(try await database.query(Self.standingQuery(of: user, in: conversation)))
    }

    private static func member(from row: PostgresRow, user: User) throws -> Member {
        Member(
            user: user, role: try row.decodeEnum("role"), deliveredSeq: try row.decode("delivered_seq"),
            readSeq: try row.decode("read_seq"))
    }
}
