public import ChatModel
import ChatStore
import Foundation

/// What a device that was away has to learn.
public struct Sync: Sendable {
    let store: SyncStore
    let conversations: Conversations
    let listing: ReadingLine

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

    /// What one answer holds at most, so that it stays well below what may wait for a client (1 MiB).
    private struct Room {
        var messages = 500
        var bytes = 512 * 1024
    }

    private static let maximumMessagesEach = 100
    /// Conversations that are described at a time.
    private static let step = 10
    /// Conversations of which the answer says no more than that they changed.
    private static let maximumNamed = 1000

    private struct State {
        var id: ConversationID
        var revision: Int
        /// 0 for a new one, and for what cannot be: the database came back from a backup.
        var known: Int

        init(_ conversation: SyncStore.Revision, known: Int) {
            id = conversation.id
            revision = conversation.revision
            self.known = (0...revision).contains(known) ? known : 0
        }
    }

    public func changes(
        for user: UserID, known: [ConversationID: Int]
    ) async throws -> (conversations: [Changes], removed: [ConversationID]) {
        try await listing.ask(user) { try await collect(for: user, known: known) }
    }

    private func collect(
        for user: UserID, known: [ConversationID: Int]
    ) async throws -> (conversations: [Changes], removed: [ConversationID]) {
        let states = try await store.revisions(of: user).map { State($0, known: known[$0.id] ?? 0) }
        let mine = Set(states.map(\.id))
        let removed = known.keys.filter { !mine.contains($0) }.sorted()
        let changed = states.filter { $0.revision != $0.known }
        var answer: [Changes] = []
        var room = Room()
        described: while answer.count < changed.count {
            let next = changed[answer.count...].prefix(Self.step)
            let views = Dictionary(
                try await conversations.views(next.map(\.id), for: user, from: conversations.lists).map { ($0.id, $0) },
                uniquingKeysWith: { first, _ in first })
            for state in next {
                let view = views[state.id]
                let size = view?.maximumJSONBytes ?? 0
                // The first one fits whatever it is.
                guard answer.isEmpty || (room.messages > 0 && room.bytes > size + Message.largestJSONBytes) else {
                    break described
                }
                room.bytes -= size
                answer.append(try await changes(of: state, view: view, room: &room))
            }
        }
        for state in changed.dropFirst(answer.count).prefix(Self.maximumNamed) {
            answer.append(Changes(id: state.id, revision: state.known, messages: [], more: true))
        }
        return (answer, removed)
    }

    private func changes(of state: State, view: Conversation?, room: inout Room) async throws -> Changes {
        var changes = Changes(
            id: state.id, revision: state.revision, conversation: view, messages: [], more: false)
        if state.known == 0 {
            let newest = try await store.messages.history(
                state.id, before: nil, after: nil, limit: min(room.messages, Messages.newestMessages))
            changes.messages = newest.newest(fitting: room.bytes)
            changes.more = changes.messages.first.map { $0.seq > 1 } ?? false
        } else {
            let limit = min(room.messages, Self.maximumMessagesEach)
            let found = try await store.messages.changed(state.id, since: state.known, limit: limit + 1)
            changes.messages = found.prefix(limit).oldest(fitting: room.bytes)
            changes.more = changes.messages.count < found.count
            if changes.more { changes.revision = changes.messages.last?.revision ?? state.known }
        }
        room.messages -= changes.messages.count
        room.bytes -= changes.messages.reduce(0) { $0 + $1.maximumJSONBytes }
        return changes
    }

    // MARK: What was not delivered

    /// The oldest messages that were not delivered to the user (`SyncStore.oldestUndelivered`).
    public func oldestUndelivered(to user: UserID, limit: Int = 200) async throws -> [Message] {
        try await listing.ask(user) { try await store.oldestUndelivered(to: user, limit: limit) }
    }
}
