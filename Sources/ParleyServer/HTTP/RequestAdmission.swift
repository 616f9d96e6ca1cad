import ChatModel
import HTTPTypes
import Hummingbird

/// Whether a request may go on to its handler: it is paid for, by its user, or by its address where nobody is signed in;
/// its page may use this server; its access token, if it has one, is good. In this order, so that what is refused is paid
/// for as well. Wrong passwords are counted where passwords are checked.
struct RequestAdmission: RouterMiddleware {
    let tokens: AccessTokens
    let limits: RateLimits

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
        try spend(for: request, context)
        guard request.uri.query?.utf8.count ?? 0 <= Request.maximumQuery else {
            throw ChatError(.malformedRequest, "the query: at most \(Request.maximumQuery) bytes")
        }
        if case .stranger(let reason) = context.page { throw ChatError(.forbidden, reason) }
        if context.page == .permitted, CrossOrigin.isPreflight(request) { return .noContent }
        // On every route: whoever sends a token means it. Only logging out takes one that is no longer good, and reads it
        // by itself.
        if let refusal, request.routePath != "/auth/logout" { throw refusal }
        return try await next(request, context)
    }

    /// The token of `Authorization: Bearer …` (RFC 6750 § 2.1).
    static func bearer(_ headers: HTTPFields) -> String? {
        guard let value = headers[.authorization] else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1].drop { $0 == " " })
    }

    private func spend(for request: Request, _ context: RequestEnvironment) throws(ChatError) {
        let payer = context.caller.map { RateLimits.Subject.user($0.user) } ?? .address(context.client)
        try limits.spendReading(bytes: request.announcedJSON, of: payer)
        if let caller = context.caller {
            try limits.spend(Self.rule(for: request), of: .user(caller.user))
        } else {
            let isRegistration = request.method == .post && request.routePath == "/auth/register"
            try limits.spend(isRegistration ? .registrations : .anonymousRequests, of: .address(context.client))
        }
    }

    private static func rule(for request: Request) -> RateLimits.Rule {
        let changes = request.method != .get && request.method != .head && request.method != .options
        let path = request.routePath
        guard changes else { return .requests }
        if path.hasPrefix("/messages") { return .messages }
        if path.hasPrefix("/conversations") { return .joins }
        // The pieces of a resumable upload are no uploads of their own, whatever method brings them.
        if path.hasPrefix("/upload"), request.method == .post || request.method == .put,
            request.headers[.methodOverride] == nil
        {
            return .uploads
        }
        return .requests
    }
}
