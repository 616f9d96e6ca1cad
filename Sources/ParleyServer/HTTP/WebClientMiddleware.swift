import HTTPTypes
import Hummingbird

/// Serves the web client where no route answers.
struct WebClientMiddleware: RouterMiddleware {
    let client: WebClient

    func handle(
        _ request: Request, context: RequestEnvironment,
        next: (Request, RequestEnvironment) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            guard let response = client.response(to: request) else { throw error }
            return response
        }
    }
}
