import Hummingbird

/// What answers `GET` also answers `HEAD`; here, outside of everything, such an answer loses its content and keeps its
/// header. A refusal too: a client takes whatever follows for the next answer (RFC 9110 § 9.3.2).
struct HeadRequests: RouterMiddleware {
    func handle(
        _ request: Request, context: RequestEnvironment,
        next: (Request, RequestEnvironment) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        return request.method == .head ? response.createHeadResponse() : response
    }
}
