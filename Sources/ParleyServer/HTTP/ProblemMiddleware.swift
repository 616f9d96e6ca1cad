import Hummingbird

/// Turns everything that a handler throws into a problem.
struct ProblemMiddleware: RouterMiddleware {
    func handle(
        _ request: Request, context: RequestEnvironment,
        next: (Request, RequestEnvironment) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            var problem = Problem(error, logger: context.logger)
            if problem.status == .notFound, problem.code == "not_found", error is HTTPError {
                problem.detail = "no such resource"
            }
            return problem.response
        }
    }
}
