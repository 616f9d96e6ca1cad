import Chat
import ChatModel
import HTTPTypes
import Hummingbird

/// `/conversations`: conversations and their members.
struct ConversationRoutes: RouteGroup {
    let conversations: Conversations

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
            limit: try request.limit(default: 50, maximum: 100))
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

    @Sendable private func listMembers(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
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
    /// Where the requested page begins.
    fileprivate func cursor<Entity>(of type: Entity.Type = Entity.self) throws(ChatError) -> PageCursor<Entity>? {
        guard let text = queryItem("cursor") else { return nil }
        guard let cursor = PageCursor<Entity>(text) else {
            throw ChatError(.malformedRequest, "cursor: not one this server gave", field: "cursor")
        }
        return cursor
    }
}
