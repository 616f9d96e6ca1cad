public import ChatModel
import ChatStore
import Foundation
import PostgresClient
import Synchronization

/// Conversations and who is in them.
public struct Conversations: Sendable {
    let store: ConversationStore
    let users: UserStore
    let blocks: BlockStore
    /// The same on connections for lists, and for searches.
    let lists: ConversationStore
    let listing: ReadingLine
    let searches: ConversationStore
    let searching: ReadingLine
    let changes: ChangeQueue
    let presence: Presence
    let events: any EventSink
    /// One change of a conversation's members or title at a time, until everybody has been told of it: rooms and
    /// events follow in the order of the commits, and nobody is told of a conversation after having left it.
    private let turns = KeyedLock<ConversationID>()

    init(
        store: ConversationStore, lists: ConversationStore, listing: ReadingLine,
        searches: ConversationStore, searching: ReadingLine, users: UserStore, blocks: BlockStore, changes: ChangeQueue,
        presence: Presence,
        events: any EventSink
    ) {
        self.store = store
        self.users = users
        self.blocks = blocks
        self.lists = lists
        self.listing = listing
        self.searches = searches
        self.searching = searching
        self.changes = changes
        self.presence = presence
        self.events = events
    }

    // MARK: Reading

    public func list(
        of user: UserID, after cursor: ActivityCursor?, limit: Int
    ) async throws -> (conversations: [Conversation], next: ActivityCursor?) {
        try await listing.ask(user) {
            try await describe(try await lists.list(of: user, after: cursor, limit: limit), for: user)
        }
    }

    public func publicGroups(
        matching query: String, after cursor: ActivityCursor?, limit: Int, for user: UserID
    ) async throws -> (conversations: [Conversation], next: ActivityCursor?) {
        try Rules.nameQuery(query)
        let page = try await searching.ask(user) {
            try await searches.publicGroups(matching: query, after: cursor, limit: limit)
        }
        return try await listing.ask(user) { try await describe(page, for: user) }
    }

    private func describe(
        _ page: ConversationStore.Page, for user: UserID
    ) async throws -> ([Conversation], ActivityCursor?) {
        (try await views(page.ids, for: user, from: lists), page.next)
    }

    public func find(_ id: ConversationID, for user: UserID) async throws -> Conversation {
        _ = try Permissions.see(try await store.standing(of: user, in: id))
        return try await view(id, for: user)
    }

    public func members(
        of id: ConversationID, for user: UserID, after cursor: MemberCursor?, limit: Int
    ) async throws -> (members: [Member], next: MemberCursor?) {
        try Permissions.read(try await store.standing(of: user, in: id))
        var page = try await store.members(of: id, after: cursor, limit: limit)
        let apart = try await blocks.apart(from: [user])[user] ?? []
        for index in page.members.indices { presence.describe(&page.members[index].user, apart: apart) }
        return page
    }

    /// What somebody sees of conversations.
    /// - Parameter lists: for many of them; the store's own connections are for one.
    func views(
        _ ids: [ConversationID], for user: UserID, from lists: ConversationStore? = nil
    ) async throws -> [Conversation] {
        var views = try await (lists ?? store).views(ids, for: user)
        guard !views.isEmpty else { return [] }
        let apart = try await blocks.apart(from: [user])[user] ?? []
        for index in views.indices { presence.describe(&views[index], apart: apart) }
        return views
    }

    private func view(_ id: ConversationID, for user: UserID) async throws -> Conversation {
        guard let view = try await views([id], for: user).first else { throw ChatError.notFound("conversation") }
        return view
    }

    // MARK: Making

    /// The direct conversation with `other`, made if there is none.
    public func direct(
        between user: UserID, and other: UserID
    ) async throws -> (conversation: ConversationID, created: Bool) {
        guard user != other else { throw ChatError.invalid("userId", "somebody else") }
        let found = try await reconnecting([user, other]) { try await store.direct(user, other) }
        guard let (id, created) = found else { throw ChatError.notFound("user") }
        if created { try await announceCreation(of: id, to: [user, other]) }
        return (id, created)
    }

    public func openDirect(
        by user: UserID, with other: UserID
    ) async throws -> (conversation: Conversation, created: Bool) {
        let (id, created) = try await direct(between: user, and: other)
        return (try await view(id, for: user), created)
    }

    public func makeGroup(
        by user: UserID, title: String, visibility: Conversation.Visibility, members: [UserID]
    ) async throws -> Conversation {
        let title = try Rules.title(title)
        guard members.count <= 1000 else { throw ChatError.invalid("memberIds", "at most 1,000") }
        try await requireAll(members, field: "memberIds", for: user)
        let id = ConversationID.make()
        try await inTurn(id) {
            try await reconnecting([user] + members, to: id) {
                try await store.insertGroup(id, title: title, visibility: visibility, owner: user, members: members)
            }
            try await announceCreation(of: id, to: [user] + members)
        }
        return try await view(id, for: user)
    }

    // MARK: Changing

    public func rename(_ id: ConversationID, to title: String, by user: UserID) async throws -> Conversation {
        let title = try Rules.title(title)
        try await inTurn(id) {
            let revision = try await changes.transaction(on: .conversation(id)) { transaction in
                try Permissions.rename(try await store.lock(id, for: user, in: transaction))
                return try await store.setTitle(title, of: id, in: transaction)
            }
            try await announceUpdate(of: id, briefly: .conversationRenamed(id, title: title, revision: revision))
        }
        return try await view(id, for: user)
    }

    /// Unchanged for someone who is in it already.
    public func join(_ id: ConversationID, by user: UserID) async throws -> Conversation {
        try await bringIn([user], to: id, by: nil) { transaction in
            let standing = try await store.lock(id, for: user, in: transaction)
            try Permissions.join(standing)
            return standing?.role == nil
        }
        return try await view(id, for: user)
    }

    public func leave(_ id: ConversationID, by user: UserID) async throws {
        try await takeOut(user, from: id) { transaction in
            try Permissions.leave(try await store.lock(id, for: user, in: transaction))
            try await store.leave(user, id, in: transaction)
        }
    }

    /// Adding a member twice changes nothing.
    public func add(_ users: [UserID], to id: ConversationID, by user: UserID) async throws -> Conversation {
        guard (1...1000).contains(users.count) else { throw ChatError.invalid("userIds", "1 to 1,000") }
        try await bringIn(users, to: id, by: user) { transaction in
            let standing = try await store.lock(id, for: user, in: transaction)
            let bringingBack = try await store.wasRemoved(anyOf: users, from: id, in: transaction)
            try Permissions.addMembers(standing, bringingBack: bringingBack)
            try await requireAll(users, field: "userIds", for: user)
            return true
        }
        return try await view(id, for: user)
    }

    /// Answers a stranger's invitation; without one nothing changes. `leave` declines it.
    public func accept(_ id: ConversationID, by user: UserID) async throws -> Conversation {
        try await inTurn(id) {
            let accepted = try await changes.transaction(on: .conversation(id)) { transaction in
                try Permissions.read(try await store.lock(id, for: user, in: transaction))
                return try await store.accept(id, for: user, in: transaction)
            }
            if accepted {
                try await deliver(id, to: presence.online(among: [user])) { .conversationUpdated($0, for: $1) }
            }
        }
        return try await view(id, for: user)
    }

    public func remove(_ target: UserID, from id: ConversationID, by user: UserID) async throws {
        if target == user { return try await leave(id, by: user) }
        try await takeOut(target, from: id) { transaction in
            let standing = try await store.lock(id, for: user, in: transaction)
            try Permissions.read(standing)
            guard let role = try await store.role(of: target, in: id, transaction) else {
                throw ChatError.notFound("member")
            }
            try Permissions.removeMember(standing, target: role)
            try await store.remove(target, from: id, by: user, in: transaction)
        }
    }

    /// A group keeps an owner: the last one cannot be demoted, only leave.
    public func setRole(
        _ role: Member.Role, of target: UserID, in id: ConversationID, by user: UserID
    ) async throws -> Conversation {
        try await inTurn(id) {
            let revision: Int? = try await changes.transaction(on: .conversation(id)) { transaction in
                try Permissions.changeRole(try await store.lock(id, for: user, in: transaction))
                guard let current = try await store.role(of: target, in: id, transaction) else {
                    throw ChatError.notFound("member")
                }
                if current == role { return nil }
                if current == .owner, try await store.owners(of: id, in: transaction) == 1 {
                    throw ChatError(
                        .conflict, "role: a group needs an owner; make somebody else one first", field: "role")
                }
                return try await store.setRole(role, of: target, in: id, transaction)
            }
            guard let revision else { return }
            try await announceUpdate(
                of: id, briefly: .roleChanged(id, user: target, role: role, revision: revision), fullyTo: [target])
        }
        return try await view(id, for: user)
    }

    /// All of them exist, and none has blocked `user`.
    private func requireAll(_ ids: [UserID], field: String, for user: UserID) async throws {
        let found = try await users.existing(ids)
        guard ids.allSatisfy(found.contains) else { throw ChatError.invalid(field, "no such user") }
        guard try await !blocks.anyBlocks(of: ids, against: user) else {
            throw ChatError(.forbidden, "\(field): somebody of these cannot be added by you", field: field)
        }
    }

    // MARK: Members and their rooms

    private func inTurn<Value: Sendable>(
        _ id: ConversationID, _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await turns.withLock(
            id, behindAtMost: Self.maximumWaiting, until: .now + Self.maximumWait, body)
    }

    /// Changes of one conversation that wait for the one under way.
    private static let maximumWaiting = 1000
    private static let maximumWait: Duration = .seconds(5)

    /// Adds those who are not members yet. Their connections join the room after the commit and before the
    /// conversation is described to them, so that a message is in the description or comes live.
    /// - Parameter permit: locks the conversation and says whether anybody is to be added.
    private func bringIn(
        _ users: [UserID], to id: ConversationID, by adder: UserID?,
        permit: @escaping @Sendable (PostgresTransaction) async throws -> Bool
    ) async throws {
        try await inTurn(id) {
            let added = try await reconnecting(users, to: id) {
                try await changes.transaction(on: .conversation(id)) { transaction in
                    try await permit(transaction) ? try await store.add(users, to: id, by: adder, in: transaction) : []
                }
            }
            try await announceArrival(of: added, in: id)
        }
    }

    /// Removes a member. The connections leave the room before the commit: the transaction holds the lock under which
    /// messages are stored, so whatever is stored after the removal finds them gone.
    /// - Parameter change: locks the conversation and takes the member out.
    private func takeOut(
        _ user: UserID, from id: ConversationID,
        _ change: @escaping @Sendable (PostgresTransaction) async throws -> Void
    ) async throws {
        try await inTurn(id) {
            let isLeaving = Atomic(false)
            do {
                try await changes.transaction(on: .conversation(id)) { transaction in
                    try await change(transaction)
                    events.deliver(.memberLeaving(conversation: id, user: user))
                    isLeaving.store(true, ordering: .relaxed)
                }
            } catch {
                if isLeaving.load(ordering: .relaxed) { reconnect([user], to: id, leaving: true) }
                throw error
            }
            try await announceDeparture(of: user, from: id)
        }
    }

    /// Runs what makes `users` members. Where nobody knows whether it took effect, their connections come again.
    private func reconnecting<Value: Sendable>(
        _ users: [UserID], to id: ConversationID? = nil, _ change: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await change()
        } catch {
            if DatabaseFailure.maybeExecuted(error) { reconnect(users, to: id) }
            throw error
        }
    }

    /// Has the users' connections come again, and join what they are in by then, as soon as the database can say so.
    private func reconnect(_ users: [UserID], to id: ConversationID?, leaving: Bool = false) {
        Task {
            while true {
                do {
                    // The change may be alive yet on the server's side; it holds the lock that is waited for here.
                    try await store.awaitChanges(of: id)
                    break
                } catch {
                    if DatabaseFailure.isClosed(error) { return }
                    try? await Task.sleep(for: Self.reconnectDelay)
                }
            }
            for user in users { events.deliver(.membershipUnknown(user: user, leaving: leaving ? id : nil)) }
        }
    }

    /// Between two attempts to ask a database that is away.
    private static let reconnectDelay: Duration = .milliseconds(500)

    // MARK: Telling

    private func announceCreation(of id: ConversationID, to users: [UserID]) async throws {
        for user in users { events.deliver(.memberJoined(conversation: id, user: user, announced: false)) }
        try await deliver(id, to: presence.online(among: users)) { .conversationCreated($0, for: $1) }
    }

    private func announceArrival(of users: [UserID], in id: ConversationID) async throws {
        guard !users.isEmpty else { return }
        for user in users { events.deliver(.memberJoined(conversation: id, user: user, announced: true)) }
        try await deliver(id, to: presence.online(among: users)) { .conversationCreated($0, for: $1) }
        let new = Set(users)
        try await announceMembership(of: id) { !new.contains($0) }
    }

    private func announceDeparture(of user: UserID, from id: ConversationID) async throws {
        events.deliver(.memberLeft(conversation: id, user: user))
        events.deliver(.conversationRemoved(id, for: user))
        try await announceMembership(of: id) { _ in true }
    }

    /// In a large group `member:joined` and `member:left` have to do: the whole conversation for each member at every
    /// coming and going would cost more than the messages.
    private func announceMembership(of id: ConversationID, to include: (UserID) -> Bool) async throws {
        let members = try await store.memberIDs(of: id)
        guard members.count <= ConversationStore.presenceMembers else { return }
        try await deliver(id, to: presence.online(among: members.filter(include))) { .conversationUpdated($0, for: $1) }
    }

    /// - Parameters:
    ///   - brief: what a large group is told instead.
    ///   - concerned: those of a large group who are shown the whole conversation all the same.
    private func announceUpdate(
        of id: ConversationID, briefly brief: ChatEvent, fullyTo concerned: [UserID] = []
    ) async throws {
        let members = try await store.memberIDs(of: id)
        let isLarge = members.count > ConversationStore.presenceMembers
        if isLarge { events.deliver(brief) }
        try await deliver(id, to: presence.online(among: isLarge ? concerned : members)) {
            .conversationUpdated($0, for: $1)
        }
    }

    /// The conversation to each of `users`, all of them members, with what only they are shown of it.
    private func deliver(
        _ id: ConversationID, to users: [UserID], as event: (Conversation, UserID) -> ChatEvent
    ) async throws {
        guard let first = users.first, let shared = try await store.view(id, for: first) else { return }
        let own = try await store.own(in: id, for: users)
        let apart = try await blocks.apart(from: users)
        var described = shared
        presence.describe(&described, apart: [])
        for user in users {
            var view = described
            if let apart = apart[user] {
                view = shared
                presence.describe(&view, apart: apart)
            }
            view.unreadCount = own[user]?.unread ?? 0
            view.invitation = own[user]?.invitation
            events.deliver(event(view, user))
        }
    }
}
