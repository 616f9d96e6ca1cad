import ChatModel
import HTTPTypes
import Hummingbird

/// Decides whether a request may go on to its handler. It is paid for, by its user or, where nobody is signed in, by its
/// address; then its page and its access token are judged. In this order, so that refused requests are paid for as well.
/// Wrong passwords are counted where passwords are checked.
struct RequestAdmission: RouterMiddleware {
    private let tokens: AccessTokens
    private let limits: RateLimits
    /// By path as the router names it.
    private let routes: [String: [HTTPRequest.Method: Route]]

    init(_ routes: [Route], tokens: AccessTokens, limits: RateLimits) {
        self.tokens = tokens
        self.limits = limits
        self.routes = Dictionary(grouping: routes) { RouterPath(stringLiteral: $0.path).description }
            .mapValues { Dictionary($0.map { ($0.method, $0) }, uniquingKeysWith: { first, _ in first }) }
    }

    func handle(
        _ request: Request, context: RequestEnvironment,
        next: (Request, RequestEnvironment) async throws -> Response
    ) async throws -> Response {
        var context = context
        var refusal: ChatError?
        if let token = Self.bearer(request.headers) {
            do throws(ChatError) {
                context.caller = try await tokens.verify(token)
            } catch {
                refusal = error
            }
        }
        let operation = operation(of: request, context)
        try charge(for: operation, request, context)
        guard request.uri.query?.utf8.count ?? 0 <= Request.maxQuery else {
            throw ChatError(.malformedRequest, "the query: at most \(Request.maxQuery) bytes")
        }
        if case .stranger(let reason) = context.page { throw ChatError(.forbidden, reason) }
        if context.page == .permitted, CrossOrigin.isPreflight(request) { return .noContent }
        // On every route, even one that needs no token: a client that sends a token means it.
        if let refusal, operation?.acceptsEndedToken != true { throw refusal }
        if operation?.access == .caller { _ = try context.requiredCaller }
        return try await next(request, context)
    }

    /// The token of `Authorization: Bearer …` (RFC 6750, section 2.1).
    static func bearer(_ headers: HTTPFields) -> String? {
        guard let value = headers[.authorization] else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1].drop { $0 == " " })
    }

    /// nil for what is no route of the API.
    private func operation(of request: Request, _ context: RequestEnvironment) -> APIOperation? {
        guard let methods = context.endpointPath.flatMap({ routes[$0] }),
            let route = methods[request.method] ?? (request.method == .head ? methods[.get] : nil)
        else { return nil }
        return request.headers[.methodOverride] == nil ? route.operation : route.overridden ?? route.operation
    }

    private func charge(
        for operation: APIOperation?, _ request: Request, _ context: RequestEnvironment
    ) throws(ChatError) {
        let bytes = operation?.receivesFile == true ? 0 : request.announcedBody
        if let caller = context.caller, operation?.isPaidByAddress != true {
            try limits.charge(for: operation, bytes: bytes, to: caller.user)
        } else {
            try limits.charge(for: operation, bytes: bytes, to: context.client)
        }
    }
}
