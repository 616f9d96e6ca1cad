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

    func arrival(of users: [UserID], in id: ConversationID) async throws {
        guard !users.isEmpty else { return }
        for user in users {
            events.order(.join(id, user: user))
            events.deliver(.memberJoined(conversation: id, user: user))
        }
        try await deliver(id, to: presence.online(among: users)) { .conversationCreated($0, for: $1) }
        let new = Set(users)
        try await membership(of: id) { !new.contains($0) }
    }

    func departure(of user: UserID, from id: ConversationID) async throws {
        events.order(.confirmLeave(id, user: user))
        events.deliver(.memberLeft(conversation: id, user: user))
        events.deliver(.conversationRemoved(id, for: user))
        try await membership(of: id) { _ in true }
    }

    /// Shows the conversation to those of a small group. In a large one, `member:joined` and `member:left` have to do:
    /// the whole conversation for every member, whenever somebody comes or goes, would cost more than the messages.
    private func membership(of id: ConversationID, to include: (UserID) -> Bool) async throws {
        let members = try await store.memberIDs(of: id)
        guard GroupSize.isSmall(members.count) else { return }
        try await update(of: id, to: members.filter(include))
    }

    /// - Parameters:
    ///   - brief: What a large group is told instead of the whole conversation.
    ///   - concerned: The members of a large group who are shown the whole conversation nevertheless.
    func update(of id: ConversationID, briefly brief: ChatEvent, fullyTo concerned: [UserID] = []) async throws {
        let members = try await store.memberIDs(of: id)
        let isLarge = !GroupSize.isSmall(members.count)
        if isLarge { events.deliver(brief) }
        try await update(of: id, to: isLarge ? concerned : members)
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
            view.unreadCount = own[user]?.unread ?? 0
            view.invitation = own[user]?.invitation
            events.deliver(event(view, user))
        }
    }
}
