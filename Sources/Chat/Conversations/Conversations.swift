public import ChatModel
import ChatStore

/// Conversations and their members: what REST and sockets both call. `Conversations+Changing` has the changes.
public struct Conversations: Sendable {
    let store: ConversationStore
    let users: UserStore
    let blocks: BlockStore
    /// What lists many conversations, on connections of its own.
    let lists: ConversationStore
    /// What searches public groups, on connections of its own.
    let searches: ConversationStore
    let limits: ReadLimits
    let presence: Presence
    let members: MemberChanges
    let announcements: ConversationAnnouncements

    init(stores: Stores, limits: ReadLimits, presence: Presence, events: any EventSink) {
        store = stores.conversations
        users = stores.users
        blocks = stores.blocks
        lists = stores.lists.conversations
        searches = stores.searches.conversations
        self.limits = limits
        self.presence = presence
        announcements = ConversationAnnouncements(
            store: store, blocks: blocks, presence: presence, events: events)
        members = MemberChanges(store: store, announcements: announcements, events: events)
    }

    // MARK: Reading

    /// - Parameter listed: How many members of each are listed; nil for as many as anywhere else.
    public func list(
        of user: UserID, after cursor: ActivityCursor?, limit: Int, listing listed: Int? = nil
    ) async throws -> (conversations: [Conversation], next: ActivityCursor?) {
        try await limits.listing.ask(user) {
            try await describe(
                try await lists.list(of: user, after: cursor, limit: limit), for: user,
                listing: min(listed ?? .max, GroupSize.listed))
        }
    }

    public func publicGroups(
        matching query: String, after cursor: ActivityCursor?, limit: Int, for user: UserID
    ) async throws -> (conversations: [Conversation], next: ActivityCursor?) {
        try Rules.nameQuery(query)
        let page = try await limits.searching.ask(user) {
            try await searches.publicGroups(matching: query, after: cursor, limit: limit)
        }
        return try await limits.listing.ask(user) { try await describe(page, for: user) }
    }

    private func describe(
        _ page: ConversationStore.Page, for user: UserID, listing listed: Int = GroupSize.listed
    ) async throws -> ([Conversation], ActivityCursor?) {
        (try await views(page.ids, for: user, from: lists, listing: listed), page.next)
    }

    public func find(_ id: ConversationID, for user: UserID) async throws -> Conversation {
        _ = try Permissions.see(try await store.membership(of: user, in: id))
        return try await view(id, for: user)
    }

    /// - Throws: `not_a_member` or `not_found`.
    func requireMember(_ user: UserID, of id: ConversationID) async throws {
        try Permissions.read(try await store.membership(of: user, in: id))
    }

    public func members(
        of id: ConversationID, for user: UserID, after cursor: MemberCursor?, limit: Int
    ) async throws -> (members: [Member], next: MemberCursor?) {
        try await requireMember(user, of: id)
        var page = try await store.members(of: id, after: cursor, limit: limit)
        let apart = try await blocks.apart(from: [user])[user] ?? []
        for index in page.members.indices { presence.describe(&page.members[index].user, apart: apart) }
        return page
    }

    /// Members by the beginnings of words of their names, for completing what somebody writes.
    public func members(
        of id: ConversationID, named query: String, for user: UserID, limit: Int
    ) async throws -> [Member] {
        try Rules.nameQuery(query)
        try await requireMember(user, of: id)
        var found = try await limits.searching.ask(user) {
            try await searches.members(of: id, named: query, limit: limit)
        }
        let apart = try await blocks.apart(from: [user])[user] ?? []
        for index in found.indices { presence.describe(&found[index].user, apart: apart) }
        return found
    }

    /// What happened to a group beside messages.
    public func notices(
        of id: ConversationID, for user: UserID, within bounds: GroupNoticeBounds, limit: Int
    ) async throws -> GroupNoticePage {
        try await store.notices(of: id, for: user, within: bounds, limit: limit)
    }

    /// The conversations as `user` sees them.
    /// - Parameters:
    ///   - lists: The connections for many conversations; without it, those for one.
    ///   - listed: How many members of each are listed.
    func views(
        _ ids: [ConversationID], for user: UserID, from lists: ConversationStore? = nil,
        listing listed: Int = GroupSize.listed
    ) async throws -> [Conversation] {
        guard !ids.isEmpty else { return [] }
        async let kept = blocks.apart(from: [user])
        var views = try await (lists ?? store).views(ids, for: user, listing: listed)
        let apart = try await kept[user] ?? []
        for index in views.indices { presence.describe(&views[index], apart: apart) }
        return views
    }

    func view(_ id: ConversationID, for user: UserID) async throws -> Conversation {
        guard let view = try await views([id], for: user).first else { throw ChatError.notFound("conversation") }
        return view
    }
}
