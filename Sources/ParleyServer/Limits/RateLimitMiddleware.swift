import Chat
import HTTPTypes
import Hummingbird

/// Finds out where a request comes from, and limits it: by its user, or by its address where nobody is signed in.
/// Wrong passwords are counted where passwords are checked.
struct RateLimitMiddleware: RouterMiddleware {
    let limits: RateLimits
    let proxies: TrustedProxies

    func handle(
        _ request: Request, context: RequestEnvironment,
        next: (Request, RequestEnvironment) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.client = proxies.client(
            peer: context.remoteAddress, forwardedFor: request.headers[values: .xForwardedFor])
        context.isBehindTLS = proxies.saysTLS(
            peer: context.remoteAddress, forwardedProto: request.headers[.xForwardedProto])
        if let caller = context.caller {
            try limits.spend(Self.rule(for: request), of: .user(caller.user))
        } else {
            let isRegistration = request.method == .post && request.uri.path == "/auth/register"
            try limits.spend(isRegistration ? .registrations : .anonymousRequests, of: .address(context.client))
        }
        return try await next(request, context)
    }

    private static func rule(for request: Request) -> RateLimits.Rule {
        let changes = request.method != .get && request.method != .head && request.method != .options
        let path = request.uri.path
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
