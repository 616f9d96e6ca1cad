import Hummingbird

/// Every route that answers `GET` also answers `HEAD`. This middleware, the outermost, removes the content of the
/// answer and keeps its header. A refusal has no content either: a client takes whatever follows for the next answer
/// (RFC 9110, section 9.3.2).
struct HeadRequests: RouterMiddleware {
    func handle(
        _ request: Request, context: RequestEnvironment,
        next: (Request, RequestEnvironment) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        return request.method == .head ? response.createHeadResponse() : response
    }
}
