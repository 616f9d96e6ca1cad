public import ChatModel
import ChatStore

/// What a device that was away has missed.
///
/// Conversations and messages have revisions. `Sync+Unrevised` has what changes without one.
public struct Sync: Sendable {
    let store: SyncStore
    let users: UserStore
    let presence: Presence
    let conversations: Conversations
    let limits: ReadLimits

    /// A conversation that changed after what the device knew.
    public struct Changes: Sendable {
        public var id: ConversationID
        /// What the device knows once it has applied this.
        public var revision: Int
        public var conversation: Conversation?
        public var messages: [Message]
        /// Whether there is more: the device asks for it by another `sync` with this `revision`, or, in a new
        /// conversation, by reading its history.
        public var more: Bool
    }

    public struct Answer: Sendable {
        public var conversations: [Changes]
        /// The known conversations of which the user is not a member any more.
        public var removed: [ConversationID]
        public var unrevised: Unrevised
    }

    /// What one answer may hold, so that it stays well below what may wait for a client (1 MiB).
    private struct AnswerBudget {
        var messages = 500
        var bytes = 512 * 1024
    }

    private static let maxMessagesEach = 100
    /// How many conversations are described at a time.
    private static let step = 10
    /// How many conversations the answer may name beyond that, saying only that they changed.
    private static let maxNamed = 1000

    private struct State {
        var id: ConversationID
        var revision: Int
        /// 0 for a new conversation, and for an impossible revision: the database was restored from a backup.
        var known: Int

        init(_ conversation: SyncStore.Revision, known: Int) {
            id = conversation.id
            revision = conversation.revision
            self.known = (0...revision).contains(known) ? known : 0
        }
    }

    /// - Parameters:
    ///   - cursor: Of the device's last answer; nil for a device that has none.
    ///   - measure: By which the answer is cut.
    public func changes(
        for user: UserID, known: [ConversationID: Int], since cursor: SyncCursor? = nil, measure: AnswerMeasure
    ) async throws -> Answer {
        try await limits.listing.ask(user) {
            // First, so that a mark that moves meanwhile comes again rather than never.
            let unrevised = try await unrevised(for: user, since: cursor, measure)
            return try await collect(for: user, known: known, unrevised, measure)
        }
    }

    private func collect(
        for user: UserID, known: [ConversationID: Int], _ unrevised: Unrevised, _ measure: AnswerMeasure
    ) async throws -> Answer {
        let states = try await store.revisions(of: user).map { State($0, known: known[$0.id] ?? 0) }
        let mine = Set(states.map(\.id))
        let removed = known.keys.filter { !mine.contains($0) }.sorted()
        let changed = states.filter { $0.revision != $0.known }
        var answer: [Changes] = []
        var budget = AnswerBudget()
        budget.bytes -= unrevised.bytes
        described: while answer.count < changed.count {
            let next = changed[answer.count...].prefix(Self.step)
            let views = Dictionary(
                try await conversations.views(next.map(\.id), for: user, from: conversations.lists).map { ($0.id, $0) },
                uniquingKeysWith: { first, _ in first })
            for state in next {
                let view = views[state.id]
                var left = budget
                left.bytes -= view.map(measure.conversation) ?? 0
                // The first conversation is sent whatever it takes.
                guard answer.isEmpty || (left.messages > 0 && left.bytes > 0) else { break described }
                let changes = try await changes(of: state, view: view, budget: &left, measure)
                guard answer.isEmpty || left.bytes >= 0 else { break described }
                answer.append(changes)
                budget = left
            }
        }
        for state in changed.dropFirst(answer.count).prefix(Self.maxNamed) {
            answer.append(Changes(id: state.id, revision: state.known, messages: [], more: true))
        }
        return Answer(conversations: answer, removed: removed, unrevised: unrevised)
    }

    private func changes(
        of state: State, view: Conversation?, budget: inout AnswerBudget, _ measure: AnswerMeasure
    ) async throws -> Changes {
        var changes = Changes(
            id: state.id, revision: state.revision, conversation: view, messages: [], more: false)
        let bytes: Int
        if state.known == 0 {
            let newest = try await store.messages.history(
                state.id, before: nil, after: nil, limit: min(budget.messages, Messages.newestMessages))
            (changes.messages, bytes) = measure.newest(of: newest, fitting: budget.bytes)
            changes.more = changes.messages.first.map { $0.seq > 1 } ?? false
        } else {
            let limit = min(budget.messages, Self.maxMessagesEach)
            let found = try await store.messages.changed(state.id, since: state.known, limit: limit + 1)
            (changes.messages, bytes) = measure.oldest(of: found.prefix(limit), fitting: budget.bytes)
            changes.more = changes.messages.count < found.count
            if changes.more { changes.revision = changes.messages.last?.revision ?? state.known }
        }
        budget.messages -= changes.messages.count
        budget.bytes -= bytes
        return changes
    }

    // MARK: What was not delivered

    /// The oldest messages that were not delivered to the user (`SyncStore.oldestUndelivered`).
    public func oldestUndelivered(to user: UserID, limit: Int = 200) async throws -> [Message] {
        try await limits.listing.ask(user) { try await store.oldestUndelivered(to: user, limit: limit) }
    }
}
