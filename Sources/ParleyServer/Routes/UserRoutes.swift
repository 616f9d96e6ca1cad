import Chat
import ChatModel
import Hummingbird

/// `/users`: finding people and blocking them.
struct UserRoutes: RouteGroup {
    let people: UserDirectory
    let blocks: Blocks

    static let endpoints: [Endpoint<UserRoutes>] = [
        .init(.get, "/users", .findUsers, search),
        .init(.get, "/users/blocked", .listBlocked, listBlocked),
        .init(.get, "/users/:id", .showUser, show),
        .init(.put, "/users/:id/block", .blockUser, block),
        .init(.delete, "/users/:id/block", .unblockUser, unblock),
    ]

    @Sendable private func search(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        let limit = try request.limit(default: 20, maximum: 100)
        return .json(
            UserList(users: try await people.search(request.queryItem("query") ?? "", limit: limit, for: caller.user)))
    }

    @Sendable private func show(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        return .json(try await people.find(context.id(of: User.self), for: caller.user))
    }

    @Sendable private func listBlocked(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        .json(UserList(users: try await blocks.list(of: caller.user)))
    }

    @Sendable private func block(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        try await blocks.block(context.id(of: User.self), by: caller.user)
        return .noContent
    }

    @Sendable private func unblock(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        try await blocks.unblock(context.id(of: User.self), by: caller.user)
        return .noContent
    }
}
