import HTTPTypes
import Hummingbird

/// Adds the protocol's version to every answer to its requests, refusals included.
struct TusVersion: RouterMiddleware {
    func handle(
        _ request: Request, context: RequestEnvironment,
        next: (Request, RequestEnvironment) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        let isTus = request.isTus || request.method == .patch && DraftHeaders(request.headers) == nil
        if isTus, request.routePath.hasPrefix("/upload") { response.headers[.tusResumable] = TusHeaders.version }
        return response
    }
}
