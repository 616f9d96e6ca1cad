import Chat
import ChatModel
import HTTPTypes
import Hummingbird

/// `/conversations`: conversations and their members.
struct ConversationRoutes: RouteGroup {
    let conversations: Conversations
    let attention: AttentionSettings
    let messages: Messages

    static let endpoints: [Endpoint<ConversationRoutes>] = [
        .init(.get, "/conversations", .listConversations, list),
        .init(.post, "/conversations", .makeConversation, make),
        .init(.get, "/conversations/public", .listPublicGroups, listPublic),
        .init(.get, "/conversations/:id", .showConversation, show),
        .init(.patch, "/conversations/:id", .renameGroup, rename),
        .init(.post, "/conversations/:id/join", .joinGroup, join),
        .init(.post, "/conversations/:id/accept", .acceptInvitation, accept),
        .init(.post, "/conversations/:id/leave", .leaveGroup, leave),
        .init(.post, "/conversations/:id/hide", .hideConversation, hide),
        .init(.patch, "/conversations/:id/me", .setAttention, setAttention),
        .init(.get, "/conversations/:id/media", .listShared, listShared),
        .init(.get, "/conversations/:id/notices", .listNotices, listNotices),
        .init(.get, "/conversations/:id/members", .listMembers, listMembers),
        .init(.post, "/conversations/:id/members", .addMembers, addMembers),
        .init(.patch, "/conversations/:id/members/:userId", .setRole, setRole),
        .init(.delete, "/conversations/:id/members/:userId", .removeMember, removeMember),
    ]

    @Sendable private func list(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        let page = try await conversations.list(
            of: caller.user, after: try request.cursor(),
            limit: try request.limit(default: 50, maximum: 100), listing: try request.queryInteger("members"))
        return .json(ConversationList(conversations: page.conversations, nextCursor: page.next?.text))
    }

    @Sendable private func listPublic(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        let page = try await conversations.publicGroups(
            matching: request.queryItem("query") ?? "", after: try request.cursor(),
            limit: try request.limit(default: 50, maximum: 100), for: caller.user)
        return .json(ConversationList(conversations: page.conversations, nextCursor: page.next?.text))
    }

    private struct NewConversation: Decodable {
        var kind: String
        var userId: UserID?
        var title: String?
        var visibility: String?
        var memberIds: [UserID]?
    }

    @Sendable private func make(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        let body = try await request.json(NewConversation.self)
        switch Conversation.Kind(rawValue: body.kind) {
        case .direct:
            guard let other = body.userId else { throw ChatError.invalid("userId", "is missing") }
            let opened = try await conversations.openDirect(by: caller.user, with: other)
            return .json(opened.conversation, status: opened.created ? .created : .ok)
        case .group:
            guard let title = body.title else { throw ChatError.invalid("title", "is missing") }
            guard let visibility = Conversation.Visibility(rawValue: body.visibility ?? "private") else {
                throw ChatError.invalid("visibility", "private or public")
            }
            let group = try await conversations.makeGroup(
                by: caller.user, title: title, visibility: visibility, members: body.memberIds ?? [])
            return .json(group, status: .created)
        case nil:
            throw ChatError.invalid("kind", "direct or group")
        }
    }

    @Sendable private func show(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        .json(try await conversations.find(context.id(of: Conversation.self), for: caller.user))
    }

    private struct Title: Decodable {
        var title: String?
    }

    @Sendable private func rename(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        let id = context.id(of: Conversation.self)
        guard let title = try await request.json(Title.self).title else {
            return .json(try await conversations.find(id, for: caller.user))
        }
        return .json(try await conversations.rename(id, to: title, by: caller.user))
    }

    @Sendable private func join(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        .json(try await conversations.join(context.id(of: Conversation.self), by: caller.user))
    }

    @Sendable private func accept(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        .json(
            try await conversations.accept(context.id(of: Conversation.self), by: caller.user))
    }

    @Sendable private func leave(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        try await conversations.leave(context.id(of: Conversation.self), by: caller.user)
        return .noContent
    }

    @Sendable private func hide(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        try await conversations.hide(context.id(of: Conversation.self), by: caller.user)
        return .noContent
    }

    @Sendable private func setAttention(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        let change = try await request.json(AttentionRequest.self).change
        return .json(try await attention.change(change, of: context.id(of: Conversation.self), by: caller.user))
    }

    @Sendable private func listShared(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        guard let kind = SharedItem.Kind(rawValue: request.queryItem("kind") ?? "media") else {
            throw ChatError(.malformedRequest, "kind: media, files or links", field: "kind")
        }
        let page = try await messages.shared(
            kind, in: context.id(of: Conversation.self), for: caller.user, from: try request.sharedItemCursor(),
            limit: try request.limit(default: 50, maximum: 200))
        return .json(SharedItemList(items: page.items, nextCursor: page.next?.text))
    }

    @Sendable private func listNotices(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        let page = try await conversations.notices(
            of: context.id(of: Conversation.self), for: caller.user, within: try request.noticeBounds(),
            limit: try request.limit(default: 50, maximum: 200))
        return .json(NoticeList(notices: page.notices, nextCursor: page.next?.text))
    }

    @Sendable private func listMembers(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        if let query = request.queryItem("query"), !query.isEmpty {
            let found = try await conversations.members(
                of: context.id(of: Conversation.self), named: query, for: caller.user,
                limit: try request.limit(default: 20, maximum: 200))
            return .json(MemberList(members: found))
        }
        let page = try await conversations.members(
            of: context.id(of: Conversation.self), for: caller.user, after: try request.cursor(),
            limit: try request.limit(default: 50, maximum: 200))
        return .json(MemberList(members: page.members, nextCursor: page.next?.text))
    }

    private struct NewMembers: Decodable {
        var userIds: [UserID]
    }

    @Sendable private func addMembers(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        let body = try await request.json(NewMembers.self)
        return .json(
            try await conversations.add(body.userIds, to: context.id(of: Conversation.self), by: caller.user))
    }

    private struct NewRole: Decodable {
        var role: String
    }

    @Sendable private func setRole(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        guard let role = Member.Role(rawValue: try await request.json(NewRole.self).role) else {
            throw ChatError.invalid("role", "owner, admin or member")
        }
        let target = context.id("userId", of: User.self)
        return .json(
            try await conversations.setRole(role, of: target, in: context.id(of: Conversation.self), by: caller.user))
    }

    @Sendable private func removeMember(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        try await conversations.remove(
            context.id("userId", of: User.self), from: context.id(of: Conversation.self),
            by: caller.user)
        return .noContent
    }
}

extension Request {
    fileprivate static let foreignCursor = ChatError(
        .malformedRequest, "cursor: not one this server gave", field: "cursor")

    /// Where the requested page of shared items begins; nil for the newest.
    fileprivate func sharedItemCursor() throws(ChatError) -> SharedItemCursor? {
        let before = try queryInteger("before").map(SharedItemCursor.before)
        let after = try queryInteger("after").map(SharedItemCursor.after)
        let continued = try queryItem("cursor").map { text throws(ChatError) in
            guard let cursor = SharedItemCursor(text) else { throw Self.foreignCursor }
            return cursor
        }
        let given = [before, after, continued].compactMap(\.self)
        guard given.count < 2 else {
            throw ChatError(.malformedRequest, "cursor: only one of before, after and cursor", field: "cursor")
        }
        return given.first
    }

    /// Which notices are requested; a cursor goes on within the same bounds.
    fileprivate func noticeBounds() throws(ChatError) -> GroupNoticeBounds {
        let cursor = try queryItem("cursor").map { text throws(ChatError) in
            guard let cursor = GroupNoticeCursor(text) else { throw Self.foreignCursor }
            return cursor
        }
        return GroupNoticeBounds(
            after: try queryInteger("after"), before: try queryInteger("before"), cursor: cursor)
    }

    /// Where the requested page begins.
    fileprivate func cursor<Entity>(of type: Entity.Type = Entity.self) throws(ChatError) -> PageCursor<Entity>? {
        guard let text = queryItem("cursor") else { return nil }
        guard let cursor = PageCursor<Entity>(text) else { throw Self.foreignCursor }
        return cursor
    }
}
