import HTTPTypes
import Hummingbird

typealias Handler = @Sendable (Request, RequestEnvironment) async throws -> Response

extension Router<RequestEnvironment> {
    /// Those that `RequestScreening` lets through.
    private static var methods: [HTTPRequest.Method] { [.get, .head, .post, .put, .patch, .delete, .options, .trace] }

    /// A path and all it answers to: any other method gets 405 and the list of those there are (RFC 9110 § 15.5.6).
    /// `HEAD` is answered wherever `GET` is, by the same handler.
    func route(_ path: RouterPath, _ handlers: [HTTPRequest.Method: Handler]) {
        var handlers = handlers
        handlers[.head] = handlers[.head] ?? handlers[.get]
        let allowed = handlers.keys.map(\.rawValue).sorted().joined(separator: ", ")
        for method in Self.methods {
            on(path, method: method, use: handlers[method] ?? { _, _ in throw Problem.methodNotAllowed(allowed) })
        }
    }
}
