import ChatModel
import ChatStore

/// Tells the members of a conversation what changed in it.
struct ConversationAnnouncements: Sendable {
    let store: ConversationStore
    let blocks: BlockStore
    let presence: Presence
    let events: any EventSink

    func creation(of id: ConversationID, to users: [UserID]) async throws {
        for user in users { events.order(.join(id, user: user)) }
        try await deliver(id, to: presence.online(among: users)) { .conversationCreated($0, for: $1) }
    }

    func arrival(of users: [UserID], in id: ConversationID, _ change: MembershipChange) async throws {
        for user in users { events.order(.join(id, user: user)) }
        let apart = try await blocks.apart(from: users)
        for var member in try await store.members(users, of: id) {
            if apart[member.user.id] == nil {
                presence.describe(&member.user, apart: [])
            } else {
                // Everybody gets the same event, and somebody must not see whether this member is online.
                member.user.lastSeenAt = nil
            }
            events.deliver(.memberJoined(id, member, change))
        }
        try await deliver(id, to: presence.online(among: users)) { .conversationCreated($0, for: $1) }
        let new = Set(users)
        try await membership(of: id) { !new.contains($0) }
    }

    func departure(
        of user: UserID, from id: ConversationID, _ departure: ConversationChange.Departure
    ) async throws {
        events.order(.confirmLeave(id, user: user))
        events.deliver(.memberLeft(id, user: user, departure.change))
        events.deliver(.conversationRemoved(id, for: user))
        if let promoted = departure.promoted {
            events.deliver(.roleChanged(id, user: promoted, role: .owner, revision: departure.change.revision))
        }
        try await membership(of: id) { _ in true }
    }

    /// Shows the conversation to those of a small group. In a large one, `member:joined` and `member:left` have to do:
    /// the whole conversation for every member, whenever somebody comes or goes, would cost more than the messages.
    private func membership(of id: ConversationID, to include: (UserID) -> Bool) async throws {
        let members = try await store.memberIDs(of: id)
        guard GroupSize.isSmall(members.count) else { return }
        try await update(of: id, to: members.filter(include))
    }

    /// Everybody is told of the new role. In a large group, only the member whose role it is sees the whole conversation.
    func role(_ role: Member.Role, of user: UserID, in id: ConversationID, revision: Int) async throws {
        events.deliver(.roleChanged(id, user: user, role: role, revision: revision))
        let members = try await store.memberIDs(of: id)
        try await update(of: id, to: GroupSize.isSmall(members.count) ? members : [user])
    }

    /// A small group is shown the whole conversation, a large one only the title.
    func title(_ title: String, of id: ConversationID, revision: Int) async throws {
        let members = try await store.memberIDs(of: id)
        guard GroupSize.isSmall(members.count) else {
            return events.deliver(.conversationRenamed(id, title: title, revision: revision))
        }
        try await update(of: id, to: members)
    }

    /// Shows the changed conversation to those of `members` who are online.
    func update(of id: ConversationID, to members: [UserID]) async throws {
        try await deliver(id, to: presence.online(among: members)) { .conversationUpdated($0, for: $1) }
    }

    /// Sends the conversation to each of `users`, who are members, with what only they are shown of it.
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
            // Who has gone meanwhile is told so by itself.
            guard let own = own[user] else { continue }
            view.show(own)
            events.deliver(event(view, user))
        }
    }
}
