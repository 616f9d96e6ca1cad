import Chat
import ChatModel
import Hummingbird

/// `/users`: finding people, and blocking them.
struct UserRoutes {
    let people: People
    let blocks: Blocks

    func register(on router: Router<RequestEnvironment>) {
        router.route("/users", [.get: search])
        router.route("/users/blocked", [.get: listBlocked])
        router.route("/users/:id", [.get: show])
        router.route("/users/:id/block", [.put: block, .delete: unblock])
    }

    private struct UserList: Encodable {
        var users: [User]
    }

    @Sendable private func search(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let caller = try context.requiredCaller
        let limit = try request.limit(default: 20, maximum: 100)
        return try .json(
            UserList(users: try await people.search(request.queryItem("query") ?? "", limit: limit, for: caller.user)))
    }

    @Sendable private func show(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let caller = try context.requiredCaller
        return try .json(try await people.find(context.id(of: User.self), for: caller.user))
    }

    @Sendable private func listBlocked(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try .json(UserList(users: try await blocks.list(of: try context.requiredCaller.user)))
    }

    @Sendable private func block(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try await blocks.block(context.id(of: User.self), by: try context.requiredCaller.user)
        return .noContent
    }

    @Sendable private func unblock(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try await blocks.unblock(context.id(of: User.self), by: try context.requiredCaller.user)
        return .noContent
    }
}
