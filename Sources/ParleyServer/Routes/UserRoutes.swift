import Chat
import Hummingbird

/// `/users`: finding people.
struct UserRoutes {
    let people: People

    func register(on router: Router<RequestEnvironment>) {
        router.route("/users", [.get: search])
        router.route("/users/:id", [.get: show])
    }

    private struct UserList: Encodable {
        var users: [User]
    }

    @Sendable private func search(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        _ = try context.requiredCaller
        let limit = try request.limit(default: 20, maximum: 100)
        return try .json(UserList(users: try await people.search(request.queryItem("query") ?? "", limit: limit)))
    }

    @Sendable private func show(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        _ = try context.requiredCaller
        return try .json(try await people.find(context.id(of: User.self)))
    }
}
