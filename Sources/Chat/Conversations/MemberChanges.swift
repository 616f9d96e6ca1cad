import ChatModel
import ChatStore
import Synchronization

/// Changes who is in a conversation, and keeps the rooms of the connections in step with the database.
///
/// One change of a conversation's members or title runs at a time, until everybody has been told of it. So rooms and
/// events follow in the order of the commits, and nobody is told of a conversation after having left it.
struct MemberChanges: Sendable {
    let store: ConversationStore
    let announcements: ConversationAnnouncements
    let events: any EventSink
    private let turns = KeyedLock<ConversationID>()

    /// How many changes of one conversation may wait.
    private static let maxWaiting = 1000
    private static let maxWait: Duration = .seconds(5)
    /// Messages of other conversations wait as long.
    private static let maxRevealWait: Duration = .seconds(1)
    /// The pause between two attempts to ask a database that is away.
    private static let reconnectDelay: Duration = .milliseconds(500)

    init(store: ConversationStore, announcements: ConversationAnnouncements, events: any EventSink) {
        self.store = store
        self.announcements = announcements
        self.events = events
    }

    func inTurn<Value: Sendable>(
        _ id: ConversationID, _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await turns.withLock(
            id, behindAtMost: Self.maxWaiting, until: .now + Self.maxWait, body)
    }

    /// Adds those who are not members yet. Their connections join the room after the commit and before the conversation
    /// is described to them: a message is either in the description or arrives live.
    /// - Parameter permit: Locks the conversation and says whether anybody is to be added.
    func add(
        _ users: [UserID], to id: ConversationID, by adder: UserID?,
        permit: @escaping @Sendable (ConversationChange) async throws -> Bool
    ) async throws {
        try await inTurn(id) {
            let arrival = try await reconnecting(users, to: id) {
                try await store.change(id) { try await permit($0) ? try await $0.add(users, by: adder) : nil }
            }
            guard let arrival else { return }
            try await announcements.arrival(of: arrival.users, in: id, arrival.change)
        }
    }

    /// Removes a member. Their connections leave the room before the commit: the transaction holds the lock under which
    /// messages are stored, so no message that is stored after the removal reaches them.
    /// - Parameter change: Locks the conversation and takes the member out.
    func remove(
        _ user: UserID, from id: ConversationID,
        _ change: @escaping @Sendable (ConversationChange) async throws -> ConversationChange.Departure
    ) async throws {
        try await inTurn(id) {
            let isLeaving = Atomic(false)
            let departure: ConversationChange.Departure
            do {
                departure = try await store.change(id) {
                    let departure = try await change($0)
                    events.order(.leave(id, user: user))
                    isLeaving.store(true, ordering: .relaxed)
                    return departure
                }
            } catch {
                if isLeaving.load(ordering: .relaxed) { reconnect([user], to: id, leaving: true) }
                throw error
            }
            try await announcements.departure(of: user, from: id, departure)
        }
    }

    /// Hides a direct conversation from `user`. Their connections leave the room, and are told, before the commit: a
    /// message that is stored later brings the conversation back, and must not be overtaken.
    /// - Parameter change: Locks the conversation and says whether it is hidden from now on.
    func hide(
        _ id: ConversationID, from user: UserID,
        _ change: @escaping @Sendable (ConversationChange) async throws -> Bool
    ) async throws {
        try await inTurn(id) {
            let isLeaving = Atomic(false)
            do {
                try await store.change(id) {
                    guard try await change($0) else { return }
                    events.order(.leave(id, user: user))
                    events.deliver(.conversationRemoved(id, for: user))
                    isLeaving.store(true, ordering: .relaxed)
                }
            } catch {
                if isLeaving.load(ordering: .relaxed) { reconnect([user], to: id, leaving: true) }
                throw error
            }
            if isLeaving.load(ordering: .relaxed) { events.order(.confirmLeave(id, user: user)) }
        }
    }

    /// Shows a direct conversation again to a user who opens it.
    func show(_ id: ConversationID, to user: UserID) async throws {
        try await inTurn(id) {
            let wasHidden = try await reconnecting([user], to: id) {
                try await store.change(id) { change in
                    try await change.lock(for: user) != nil ? try await change.show(to: user) : false
                }
            }
            if wasHidden { try await announcements.creation(of: id, to: [user]) }
        }
    }

    /// Shows a direct conversation to those from whom it was hidden until this message came. Their connections join the
    /// room before the message is announced there. If that fails, they are cut, and find out when they come again.
    func reveal(_ message: Message) async {
        let id = message.conversationId
        do {
            try await turns.withLock(id, behindAtMost: Self.maxWaiting, until: .now + Self.maxRevealWait) {
                try await announcements.creation(of: id, to: try await store.revealed(by: message.seq, in: id))
            }
        } catch {
            Task {
                while true {
                    do {
                        for user in try await store.memberIDs(of: id) { events.order(.cut(user, leaving: nil)) }
                        return
                    } catch {
                        if DatabaseFailure.isClosed(error) { return }
                        try? await Task.sleep(for: Self.reconnectDelay)
                    }
                }
            }
        }
    }

    /// Runs a change that makes `users` members. When nobody knows whether it took effect, their connections are cut.
    func reconnecting<Value: Sendable>(
        _ users: [UserID], to id: ConversationID? = nil, _ change: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await change()
        } catch {
            if DatabaseFailure.maybeExecuted(error) { reconnect(users, to: id) }
            throw error
        }
    }

    /// Cuts the users' connections as soon as the database can say what they are members of by then.
    private func reconnect(_ users: [UserID], to id: ConversationID?, leaving: Bool = false) {
        Task {
            while true {
                do {
                    // The change may still run on the server; it holds the lock that we wait for here.
                    try await store.awaitChanges(of: id)
                    break
                } catch {
                    if DatabaseFailure.isClosed(error) { return }
                    try? await Task.sleep(for: Self.reconnectDelay)
                }
            }
            for user in users { events.order(.cut(user, leaving: leaving ? id : nil)) }
        }
    }
}
