import ChatModel
import ChatStore
import Synchronization

/// Changes who is in a conversation, and says so, for the rooms of the connections to follow.
///
/// One change of a conversation's members or title runs at a time, until everybody has been told of it. So what is read
/// after a change is seldom later than the change.
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

    /// Makes a change that has a revision and no other outcome.
    /// - Returns: The revision; nil when nothing was changed.
    func change(
        _ id: ConversationID, _ body: @escaping @Sendable (ConversationChange) async throws -> Int?
    ) async throws -> Int? {
        try await events.promising(id) { promise in
            try await store.change(id) {
                let revision = try await body($0)
                if let revision { promise.make(revision) }
                return revision
            }
        }
    }

    /// Adds those who are not members yet.
    /// - Parameter permit: Locks the conversation and says whether anybody is to be added.
    func add(
        _ users: [UserID], to id: ConversationID, by adder: UserID?,
        permit: @escaping @Sendable (ConversationChange) async throws -> Bool
    ) async throws {
        try await inTurn(id) {
            let addition = try await reconnecting(users, to: id) {
                try await events.promising(id) { promise in
                    try await store.change(id) { change in
                        guard try await permit(change) else { return nil as ConversationChange.Addition? }
                        let addition = try await change.add(users, by: adder)
                        if let addition { promise.make(addition.change.revision) }
                        return addition
                    }
                }
            }
            if let addition { try await announcements.arrival(addition, in: id) }
        }
    }

    /// Removes a member. Whatever has a later revision goes out after their connections have left the room.
    /// - Parameter change: Locks the conversation and takes the member out.
    func remove(
        _ user: UserID, from id: ConversationID,
        _ change: @escaping @Sendable (ConversationChange) async throws -> ConversationChange.Departure
    ) async throws {
        try await inTurn(id) {
            let departure = try await reconnecting([user], to: id) {
                try await events.promising(id) { promise in
                    try await store.change(id) {
                        let departure = try await change($0)
                        promise.make(departure.change.revision)
                        return departure
                    }
                }
            }
            try await announcements.departure(of: user, from: id, departure)
        }
    }

    /// Hides a direct conversation from `user`. Their connections leave the room, and are told, before the commit: a
    /// message that is stored later brings the conversation back, and must not be overtaken.
    /// - Parameter change: Locks the conversation and says at what it is hidden; nil if it is hidden already.
    func hide(
        _ id: ConversationID, from user: UserID,
        _ change: @escaping @Sendable (ConversationChange) async throws -> ConversationPosition?
    ) async throws {
        try await inTurn(id) {
            let isLeaving = Atomic(false)
            do {
                try await store.change(id) {
                    guard let position = try await change($0) else { return }
                    // The change may run twice.
                    if !isLeaving.exchange(true, ordering: .relaxed) {
                        events.order(.hide(id, from: user, revision: position.revision))
                    }
                }
            } catch {
                if isLeaving.load(ordering: .relaxed) { reconnect([user], to: id, hiding: true) }
                throw error
            }
            if isLeaving.load(ordering: .relaxed) { events.order(.endHiding(id, from: user)) }
        }
    }

    /// Shows a direct conversation again to a user who opens it. Their connections join the room before it is described: a
    /// message is either in the description or comes live.
    func show(_ id: ConversationID, to user: UserID) async throws {
        try await inTurn(id) {
            let shown = try await reconnecting([user], to: id) {
                try await store.change(id) { change in
                    try await change.lock(for: user) != nil ? try await change.show(to: user) : nil
                }
            }
            guard let shown else { return }
            events.order(.show(shown, to: user))
            for (user, view) in try await announcements.views(of: id, for: [user]) {
                events.deliver(.conversationCreated(view, for: user))
            }
        }
    }

    /// Those from whom a direct conversation was hidden until this message came, and how each sees it. If that cannot be
    /// read, their connections are cut, and find out when they come again.
    func reveal(_ message: Message) async -> [NewMember] {
        let id = message.conversationId
        do {
            return try await turns.withLock(id, behindAtMost: Self.maxWaiting, until: .now + Self.maxRevealWait) {
                try await announcements.newMembers(try await store.revealed(by: message.seq, in: id), of: id)
            }
        } catch {
            Task {
                while true {
                    do {
                        for user in try await store.memberIDs(of: id) { events.order(.cut(user, hiding: nil)) }
                        return
                    } catch {
                        if DatabaseFailure.isClosed(error) { return }
                        try? await Task.sleep(for: Self.reconnectDelay)
                    }
                }
            }
            return []
        }
    }

    /// Runs a change of who is a member. When nobody knows whether it took effect, the connections of `users` are cut.
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
    private func reconnect(_ users: [UserID], to id: ConversationID?, hiding: Bool = false) {
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
            for user in users { events.order(.cut(user, hiding: hiding ? id : nil)) }
        }
    }
}
