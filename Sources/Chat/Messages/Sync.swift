import Foundation
import PostgresClient

/// What a device that was away has to learn.
public struct Sync: Sendable {
    let database: PostgresClient
    let store: MessageStore
    let conversations: Conversations

    /// A conversation that changed past what the device knew.
    public struct Changes: Sendable, Codable {
        public var id: ConversationID
        /// What the device knows once it has applied this.
        public var revision: Int
        public var conversation: Conversation?
        public var messages: [Message]
        /// Whether there is more: of a conversation the device knew, to be had by another `sync` with this `revision`;
        /// of a new one, older messages in its history.
        public var more: Bool
    }

    /// What one answer holds at most, so that it stays well below a megabyte or so: messages in all, messages of one
    /// conversation, and whole conversations.
    static let maximumMessages = 500
    static let maximumMessagesEach = 100
    static let maximumConversations = 100
    static let newestMessages = 50

    private struct State {
        var id: ConversationID
        var revision: Int
        var lastSeq: Int
    }

    public func changes(
        for user: UserID, known: [ConversationID: Int]
    ) async throws -> (conversations: [Changes], removed: [ConversationID]) {
        let states = try await states(of: user)
        let mine = Set(states.map(\.id))
        let removed = known.keys.filter { !mine.contains($0) }.sorted()
        let changed = states.filter { $0.revision > known[$0.id] ?? 0 }
        let fitting = Array(changed.prefix(Self.maximumConversations))
        let views = Dictionary(
            try await conversations.views(fitting.map(\.id), for: user).map { ($0.id, $0) },
            uniquingKeysWith: { first, _ in first })
        var answer: [Changes] = []
        var budget = Self.maximumMessages
        for state in fitting {
            let changes = try await self.changes(of: state, since: known[state.id] ?? 0, budget: budget)
            budget -= changes.messages.count
            answer.append(changes)
            answer[answer.count - 1].conversation = views[state.id]
        }
        for state in changed.dropFirst(fitting.count) {
            answer.append(Changes(id: state.id, revision: known[state.id] ?? 0, messages: [], more: true))
        }
        return (answer, removed)
    }

    private func changes(of state: State, since known: Int, budget: Int) async throws -> Changes {
        if known == 0 {
            let newest = try await store.history(
                state.id, before: nil, after: nil, limit: max(1, min(budget, Self.newestMessages)))
            return Changes(
                id: state.id, revision: state.revision, messages: newest,
                more: newest.first.map { $0.seq > 1 } ?? false)
        }
        let limit = max(1, min(budget, Self.maximumMessagesEach))
        let found = try await store.changed(state.id, since: known, limit: limit + 1)
        let messages = Array(found.prefix(limit))
        let more = found.count > limit
        return Changes(
            id: state.id, revision: more ? messages.last?.revision ?? known : state.revision, messages: messages,
            more: more)
    }

    /// The user's conversations, latest activity first.
    private func states(of user: UserID) async throws -> [State] {
        try await database.query(
            """
            SELECT c.id, c.revision, c.last_seq FROM members me JOIN conversations c ON c.id = me.conversation_id
            WHERE me.user_id = \(user.uuid) ORDER BY c.active_at DESC, c.id DESC
            """
        ).map {
            State(
                id: ConversationID(try $0.decode("id")), revision: try $0.decode("revision"),
                lastSeq: try $0.decode("last_seq"))
        }
    }

    // MARK: What was not delivered

    /// How many messages of others lie past the user's delivered mark, by conversation.
    public func undelivered(to user: UserID) async throws -> [ConversationID: Int] {
        let rows = try await database.query(
            """
            SELECT me.conversation_id, count(*) AS count FROM members me
                JOIN conversations c ON c.id = me.conversation_id AND c.last_seq > me.delivered_seq
                JOIN messages m ON m.conversation_id = me.conversation_id AND m.seq > me.delivered_seq
            WHERE me.user_id = \(user.uuid) AND m.sender_id <> me.user_id AND m.deleted_at IS NULL
            GROUP BY me.conversation_id
            """)
        return Dictionary(
            try rows.map { (ConversationID(try $0.decode("conversation_id")), try $0.decode("count", as: Int.self)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The oldest of them, each conversation's in the order of `seq`.
    public func oldestUndelivered(to user: UserID, limit: Int = 200) async throws -> [Message] {
        try await store.read(
            database.query(
                """
                SELECT \(MessageStore.columns) FROM members me
                    JOIN conversations c ON c.id = me.conversation_id AND c.last_seq > me.delivered_seq
                    JOIN messages m ON m.conversation_id = me.conversation_id AND m.seq > me.delivered_seq
                    JOIN users s ON s.id = m.sender_id
                WHERE me.user_id = \(user.uuid) AND m.sender_id <> me.user_id AND m.deleted_at IS NULL
                ORDER BY m.created_at, m.conversation_id, m.seq LIMIT \(limit)
                """))
    }
}
