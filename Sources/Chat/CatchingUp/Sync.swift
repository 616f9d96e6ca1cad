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

        var hasRoom: Bool { messages > 0 && bytes > 0 }
    }

    private static let maxMessagesEach = 100
    /// How many conversations are read at a time.
    private static let step = 40
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

        /// How many messages are read of it at most. Each change raises the revision.
        var maxChanges: Int {
            known == 0 ? min(revision, Messages.newestMessages) : min(revision - known, maxMessagesEach + 1)
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
        var removed = known.keys.filter { !mine.contains($0) }.sorted()
        let changed = states.filter { $0.revision != $0.known }
        var rest = changed[...]
        var answer: [Changes] = []
        var budget = AnswerBudget()
        budget.bytes -= unrevised.bytes
        described: while !rest.isEmpty, answer.isEmpty || budget.hasRoom {
            let next = Self.together(rest)
            let views = Dictionary(
                try await conversations.views(next.map(\.id), for: user, from: conversations.lists).map { ($0.id, $0) },
                uniquingKeysWith: { first, _ in first })
            let messages = try await messages(of: next, for: user, atMost: max(1, budget.messages))
            for state in next {
                // What was not read together with the others comes in the next step.
                guard let found = messages[state.id] else { continue described }
                guard let view = views[state.id], view.me != nil else {
                    // The user was removed meanwhile.
                    if known[state.id] != nil { removed.append(state.id) }
                    rest = rest.dropFirst()
                    continue
                }
                var left = budget
                left.bytes -= measure.conversation(view)
                // The first conversation is sent whatever it takes.
                guard answer.isEmpty || left.hasRoom else { break described }
                let changes = changes(of: state, view, found, budget: &left, measure)
                guard answer.isEmpty || left.bytes >= 0 else { break described }
                answer.append(changes)
                budget = left
                rest = rest.dropFirst()
            }
        }
        for state in rest.prefix(Self.maxNamed) {
            answer.append(Changes(id: state.id, revision: state.known, messages: [], more: true))
        }
        return Answer(conversations: answer, removed: removed, unrevised: unrevised)
    }

    /// The first conversations whose changes can be read together, as far as their revisions tell how many there are.
    private static func together(_ states: ArraySlice<State>) -> ArraySlice<State> {
        var room = MessageStore.maxReadTogether
        return states.prefix(step).prefix { state in
            room -= state.maxChanges
            return room > 0
        }
    }

    /// What may be sent of each conversation, ascending: of a known one the oldest changes, one more than may be sent if
    /// there are more; of a new one the newest messages. Of the first in any case, of others perhaps not.
    private func messages(
        of states: some Sequence<State>, for user: UserID, atMost limit: Int
    ) async throws -> [ConversationID: [Message]] {
        let changed = try await store.messages.changed(
            since: states.filter { $0.known > 0 }.map { ($0.id, $0.known) }, for: user,
            limit: min(limit, Self.maxMessagesEach) + 1)
        let newest = try await store.messages.newest(
            of: states.filter { $0.known == 0 }.map(\.id), for: user, limit: min(limit, Messages.newestMessages))
        return changed.merging(newest) { changed, _ in changed }
    }

    /// - Parameter found: As `messages` found them.
    private func changes(
        of state: State, _ view: Conversation, _ found: [Message], budget: inout AnswerBudget, _ measure: AnswerMeasure
    ) -> Changes {
        var changes = Changes(
            id: state.id, revision: state.revision, conversation: view, messages: [], more: false)
        let bytes: Int
        if state.known == 0 {
            (changes.messages, bytes) = measure.newest(of: found.suffix(budget.messages), fitting: budget.bytes)
            changes.more = changes.messages.first.map { $0.seq > 1 } ?? false
        } else {
            let fitting = found.prefix(min(budget.messages, Self.maxMessagesEach))
            (changes.messages, bytes) = measure.oldest(of: fitting, fitting: budget.bytes)
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
