import ChatModel
import ChatStore

/// Tells the members of a conversation what changed in it.
struct ConversationAnnouncements: Sendable {
    let store: ConversationStore
    let blocks: BlockStore
    let presence: Presence
    let events: any EventSink

    /// A conversation as members see it.
    typealias Views = [(user: UserID, view: Conversation)]

    /// A new conversation is at its first revision.
    func creation(of id: ConversationID, to users: [UserID]) async throws {
        try await announce(id, 1) {
            (ConversationNews(id, revision: 1, arriving: try await newMembers(users, of: id)), [])
        }
    }

    func arrival(_ addition: ConversationChange.Addition, in id: ConversationID) async throws {
        let (users, change) = (addition.users, addition.change)
        try await announce(id, change.revision) {
            var events: [ChatEvent] = []
            let apart = try await blocks.apart(from: users)
            for var member in try await store.members(users, of: id) {
                if apart[member.user.id] == nil {
                    presence.describe(&member.user, apart: [])
                } else {
                    // Everybody gets the same event, and somebody must not see whether this member is online.
                    member.user.lastSeenAt = nil
                }
                events.append(.memberJoined(id, member, change))
            }
            let news = ConversationNews(
                id, revision: change.revision, lastSeq: addition.lastSeq,
                arriving: try await newMembers(users, of: id), events: events, shownTo: .smallGroup(and: []))
            return (news, try await views(of: id, for: news.shownTo, without: users))
        }
    }

    func departure(
        of user: UserID, from id: ConversationID, _ departure: ConversationChange.Departure
    ) async throws {
        let revision = departure.change.revision
        var events: [ChatEvent] = [
            .memberLeft(id, user: user, departure.change), .conversationRemoved(id, for: user, revision: revision),
        ]
        if let promoted = departure.promoted {
            events.append(.roleChanged(id, user: promoted, role: .owner, revision: revision))
        }
        // Nothing has to be read for this, so it does not wait.
        self.events.apply(
            ConversationNews(
                id, revision: revision, leaving: [user], events: events, shownTo: .smallGroup(and: [])))
        try await show(id, to: .smallGroup(and: []))
    }

    /// Shows the conversation to those of a small group. In a large one, `member:joined` and `member:left` have to do:
    /// the whole conversation for every member, whenever somebody comes or goes, would cost more than the messages.
    /// - Parameter new: Those who are told of the conversation as new members.
    func views(
        of id: ConversationID, for showing: ConversationNews.Showing, without new: [UserID] = []
    ) async throws -> Views {
        switch showing {
        case .nobody: return []
        case .only(let users): return try await views(of: id, for: users)
        case .smallGroup(let users):
            let members = try await store.memberIDs(of: id)
            guard GroupSize.isSmall(members.count) else { return try await views(of: id, for: users) }
            let new = Set(new)
            return try await views(of: id, for: members.filter { !new.contains($0) })
        }
    }

    private func show(_ id: ConversationID, to showing: ConversationNews.Showing) async throws {
        tell(try await views(of: id, for: showing))
    }

    /// Everybody is told of the new role. In a large group, only the member whose role it is sees the whole conversation.
    func role(_ role: Member.Role, of user: UserID, in id: ConversationID, revision: Int) async throws {
        let event = ChatEvent.roleChanged(id, user: user, role: role, revision: revision)
        events.apply(
            ConversationNews(id, revision: revision, events: [event], shownTo: .smallGroup(and: [user])))
        try await show(id, to: .smallGroup(and: [user]))
    }

    /// A small group is shown the whole conversation, a large one only the title.
    func title(_ title: String, of id: ConversationID, revision: Int) async throws {
        try await announce(id, revision) {
            let members = try await store.memberIDs(of: id)
            guard GroupSize.isSmall(members.count) else {
                let event = ChatEvent.conversationRenamed(id, title: title, revision: revision)
                return (ConversationNews(id, revision: revision, events: [event]), [])
            }
            let news = ConversationNews(id, revision: revision, shownTo: .smallGroup(and: []))
            return (news, try await views(of: id, for: members))
        }
    }

    /// Only the member sees that they were invited, and are no more.
    func acceptance(by user: UserID, in id: ConversationID, revision: Int) async throws {
        try await announce(id, revision) {
            (ConversationNews(id, revision: revision, shownTo: .only([user])), try await views(of: id, for: [user]))
        }
    }

    /// Reads what is to be told of a change, and tells it.
    private func announce(
        _ id: ConversationID, _ revision: Int, _ read: () async throws -> (ConversationNews, Views)
    ) async throws {
        events.promise(revision, of: id)
        do {
            var (news, views) = try await read()
            add(&views, to: &news)
            events.apply(news)
            tell(views)
        } catch {
            events.abandon(revision, of: id)
            throw error
        }
    }

    /// Views of the change's own moment go out with it, before whatever follows. Newer ones wait for what they tell of.
    func add(_ views: inout Views, to news: inout ConversationNews) {
        let revision = news.revision
        for (user, view) in views where view.revision <= revision {
            news.events.append(.conversationUpdated(view, for: user))
        }
        views.removeAll { $0.view.revision <= revision }
    }

    func tell(_ views: Views) {
        for (user, view) in views { events.deliver(.conversationUpdated(view, for: user)) }
    }

    /// New members, and the conversation as those of them see it who are connected here. Nobody who comes meanwhile is left out.
    func newMembers(_ users: [UserID], of id: ConversationID) async throws -> [NewMember] {
        var found: [UserID: Conversation] = [:]
        while true {
            let missing = presence.here(among: users).filter { found[$0] == nil }
            let views = try await views(of: id, for: missing)
            for (user, view) in views { found[user] = view }
            // Who has gone again meanwhile has no view, and is not let in: nothing would have told them of the conversation.
            let gone = Set(missing).subtracting(found.keys)
            if !gone.isEmpty || missing.isEmpty {
                return users.filter { !gone.contains($0) }.map { NewMember(user: $0, view: found[$0]) }
            }
        }
    }

    /// The conversation as any of `users` sees it who is a member.
    private func view(of id: ConversationID, for users: [UserID]) async throws -> Conversation? {
        guard let first = users.first else { return nil }
        if let view = try await store.view(id, for: first) { return view }
        // The first has gone meanwhile, and others have not.
        let own = try await store.own(in: id, for: users)
        for user in users where own[user] != nil {
            if let view = try await store.view(id, for: user) { return view }
        }
        return nil
    }

    /// The conversation as each of `users` sees it who is a member and connected here.
    func views(of id: ConversationID, for users: [UserID]) async throws -> Views {
        let users = presence.here(among: users)
        guard let shared = try await view(of: id, for: users) else { return [] }
        let own = try await store.own(in: id, for: users)
        let apart = try await blocks.apart(from: users)
        var described = shared
        presence.describe(&described, apart: [])
        return users.compactMap { user in
            var view = described
            if let apart = apart[user] {
                view = shared
                presence.describe(&view, apart: apart)
            }
            // Who has gone meanwhile is told so by itself.
            guard let own = own[user] else { return nil }
            view.show(own)
            return (user, view)
        }
    }
}
