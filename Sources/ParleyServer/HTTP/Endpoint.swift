import HTTPTypes
import Hummingbird

typealias Handler = @Sendable (Request, RequestEnvironment) async throws -> Response

/// A handler that wants to know who is asking.
typealias CallerHandler = @Sendable (Request, RequestEnvironment, Caller) async throws -> Response

/// A route of a group, and the method of the group that answers it.
struct Endpoint<Group: Sendable>: Sendable {
    let route: Route
    /// Whether its handler wants to know who is asking.
    let takesCaller: Bool
    let handler: @Sendable (Group) -> Handler

    /// For an operation that anyone may ask for.
    init(
        _ method: HTTPRequest.Method, _ path: String, _ operation: APIOperation,
        _ handler: @escaping @Sendable (Group) -> Handler
    ) {
        route = Route(method: method, path: path, operation: operation)
        takesCaller = false
        self.handler = handler
    }

    /// For an operation that needs a signed-in caller.
    init(
        _ method: HTTPRequest.Method, _ path: String, _ operation: APIOperation, overridden: APIOperation? = nil,
        _ handler: @escaping @Sendable (Group) -> CallerHandler
    ) {
        route = Route(method: method, path: path, operation: operation, overridden: overridden)
        takesCaller = true
        self.handler = { group in
            let handler = handler(group)
            return { request, context in try await handler(request, context, try context.requiredCaller) }
        }
    }
}

/// Some routes that belong together.
protocol RouteGroup: Sendable {
    static var endpoints: [Endpoint<Self>] { get }
}

extension Router<RequestEnvironment> {
    /// The methods that `RequestScreening` lets through.
    private static var methods: [HTTPRequest.Method] { [.get, .head, .post, .put, .patch, .delete, .options, .trace] }

    func register<Group: RouteGroup>(_ group: Group) {
        for (path, endpoints) in Dictionary(grouping: Group.endpoints, by: \.route.path) {
            let handlers = endpoints.map { ($0.route.method, $0.handler(group)) }
            route(RouterPath(stringLiteral: path), Dictionary(uniqueKeysWithValues: handlers))
        }
    }

    /// Adds a path with every method that it answers. Any other method is refused with 405 and the list of those there
    /// are (RFC 9110, section 15.5.6). `HEAD` is answered wherever `GET` is, by the same handler unless it has one.
    func route(_ path: RouterPath, _ handlers: [HTTPRequest.Method: Handler]) {
        var handlers = handlers
        handlers[.head] = handlers[.head] ?? handlers[.get]
        let allowed = handlers.keys.map(\.rawValue).sorted().joined(separator: ", ")
        for method in Self.methods {
            on(path, method: method, use: handlers[method] ?? { _, _ in throw Problem.methodNotAllowed(allowed) })
        }
    }
}
