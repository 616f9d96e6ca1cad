import HTTPTypes
import Hummingbird

/// Finds out where a request comes from: the client's address behind trusted proxies, whether it came over TLS, and the
/// page.
struct Provenance: RouterMiddleware {
    let proxies: TrustedProxies
    let origins: OriginPolicy
    /// Seconds for which browsers are to use TLS only (RFC 6797); nil to say nothing about it.
    let strictTransportSeconds: Int?

    // A literal that is a token (RFC 9110, section 5.6.2).
    private static let strictTransportSecurity = HTTPField.Name("Strict-Transport-Security")!

    func handle(
        _ request: Request, context: RequestEnvironment,
        next: (Request, RequestEnvironment) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.client = proxies.client(
            peer: context.remoteAddress, forwardedFor: request.headers[values: .xForwardedFor])
        let throughTLSProxy = proxies.saysTLS(
            peer: context.remoteAddress, forwardedProto: request.headers[.xForwardedProto])
        context.isSecure = origins.isSecure(throughTLSProxy: throughTLSProxy)
        context.page = origins.page(
            origin: request.headers[.origin], authority: request.head.authority, isSecure: context.isSecure)
        context.port = origins.port(authority: request.head.authority, isSecure: context.isSecure)
        var response = try await next(request, context)
        // Only over TLS, whatever PUBLIC_URL says (RFC 6797, section 7.2).
        if let seconds = strictTransportSeconds, origins.speaksTLS || throughTLSProxy {
            response.headers[Self.strictTransportSecurity] = "max-age=\(seconds)"
        }
        return response
    }
}
