import Chat
import HTTPTypes
import Hummingbird

/// Reads the access token of a request, if there is one. A token that is not good is refused on every route: whoever
/// sends one means it.
struct Authenticator: RouterMiddleware {
    let tokens: AccessTokens

    func handle(
        _ request: Request, context: RequestEnvironment,
        next: (Request, RequestEnvironment) async throws -> Response
    ) async throws -> Response {
        guard let token = Self.bearer(request.headers) else { return try await next(request, context) }
        var context = context
        context.caller = try await tokens.verify(token)
        return try await next(request, context)
    }

    /// The token of `Authorization: Bearer …` (RFC 6750 § 2.1).
    static func bearer(_ headers: HTTPFields) -> String? {
        guard let value = headers[.authorization] else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1].drop { $0 == " " })
    }
}
