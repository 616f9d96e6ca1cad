import Chat
import ChatModel
import HTTPTypes
import Hummingbird

/// `/conversations`: conversations and their members.
struct ConversationRoutes {
    let conversations: Conversations

    func register(on router: Router<RequestEnvironment>) {
        router.route("/conversations", [.get: list, .post: make])
        router.route("/conversations/public", [.get: listPublic])
        router.route("/conversations/:id", [.get: show, .patch: rename])
        router.route("/conversations/:id/join", [.post: join])
        router.route("/conversations/:id/accept", [.post: accept])
        router.route("/conversations/:id/leave", [.post: leave])
        router.route("/conversations/:id/members", [.get: listMembers, .post: addMembers])
        router.route("/conversations/:id/members/:userId", [.patch: setRole, .delete: removeMember])
    }

    @Sendable private func list(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let page = try await conversations.list(
            of: try context.requiredCaller.user, after: try request.cursor(),
            limit: try request.limit(default: 50, maximum: 100))
        return .json(writing: ConversationList(conversations: page.conversations, nextCursor: page.next?.text))
    }

    @Sendable private func listPublic(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let page = try await conversations.publicGroups(
            matching: request.queryItem("query") ?? "", after: try request.cursor(),
            limit: try request.limit(default: 50, maximum: 100), for: try context.requiredCaller.user)
        return .json(writing: ConversationList(conversations: page.conversations, nextCursor: page.next?.text))
    }

    private struct NewConversation: Decodable {
        var kind: String
        var userId: UserID?
        var title: String?
        var visibility: String?
        var memberIds: [UserID]?
    }

    @Sendable private func make(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let caller = try context.requiredCaller
        let body = try await request.json(NewConversation.self)
        switch Conversation.Kind(rawValue: body.kind) {
        case .direct:
            guard let other = body.userId else { throw ChatError.invalid("userId", "is missing") }
            let opened = try await conversations.openDirect(by: caller.user, with: other)
            return .json(writing: opened.conversation, status: opened.created ? .created : .ok)
        case .group:
            guard let title = body.title else { throw ChatError.invalid("title", "is missing") }
            guard let visibility = Conversation.Visibility(rawValue: body.visibility ?? "private") else {
                throw ChatError.invalid("visibility", "private or public")
            }
            let group = try await conversations.makeGroup(
                by: caller.user, title: title, visibility: visibility, members: body.memberIds ?? [])
            return .json(writing: group, status: .created)
        case nil:
            throw ChatError.invalid("kind", "direct or group")
        }
    }

    @Sendable private func show(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try .json(try await conversations.find(context.id(of: Conversation.self), for: try context.requiredCaller.user))
    }

    private struct Title: Decodable {
        var title: String?
    }

    @Sendable private func rename(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let caller = try context.requiredCaller
        let id = context.id(of: Conversation.self)
        guard let title = try await request.json(Title.self).title else {
            return try .json(try await conversations.find(id, for: caller.user))
        }
        return try .json(try await conversations.rename(id, to: title, by: caller.user))
    }

    @Sendable private func join(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try .json(try await conversations.join(context.id(of: Conversation.self), by: try context.requiredCaller.user))
    }

    @Sendable private func accept(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try .json(
            try await conversations.accept(context.id(of: Conversation.self), by: try context.requiredCaller.user))
    }

    @Sendable private func leave(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try await conversations.leave(context.id(of: Conversation.self), by: try context.requiredCaller.user)
        return .noContent
    }

    private struct MemberList: Encodable {
        var members: [Member]
        var nextCursor: String?
    }

    @Sendable private func listMembers(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let page = try await conversations.members(
            of: context.id(of: Conversation.self), for: try context.requiredCaller.user, after: try request.cursor(),
            limit: try request.limit(default: 50, maximum: 200))
        return try .json(MemberList(members: page.members, nextCursor: page.next?.text))
    }

    private struct NewMembers: Decodable {
        var userIds: [UserID]
    }

    @Sendable private func addMembers(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let caller = try context.requiredCaller
        let body = try await request.json(NewMembers.self)
        return try .json(
            try await conversations.add(body.userIds, to: context.id(of: Conversation.self), by: caller.user))
    }

    private struct NewRole: Decodable {
        var role: String
    }

    @Sendable private func setRole(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let caller = try context.requiredCaller
        guard let role = Member.Role(rawValue: try await request.json(NewRole.self).role) else {
            throw ChatError.invalid("role", "owner, admin or member")
        }
        let target = context.id("userId", of: User.self)
        return try .json(
            try await conversations.setRole(role, of: target, in: context.id(of: Conversation.self), by: caller.user))
    }

    @Sendable private func removeMember(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try await conversations.remove(
            context.id("userId", of: User.self), from: context.id(of: Conversation.self),
            by: try context.requiredCaller.user)
        return .noContent
    }
}

extension Request {
    /// Where the page begins that is asked for.
    fileprivate func cursor<Entity>(of type: Entity.Type = Entity.self) throws(ChatError) -> PageCursor<Entity>? {
        guard let text = queryItem("cursor") else { return nil }
        guard let cursor = PageCursor<Entity>(text) else {
            throw ChatError(.malformedRequest, "cursor: not one this server gave", field: "cursor")
        }
        return cursor
    }
}
