import Chat
import HTTPTypes
import Hummingbird

/// The Fetch standard's CORS protocol: a page of another origin is refused unless the operator named it. Outside of
/// what turns errors into answers: a page has to be able to read those as well.
struct CrossOrigin: RouterMiddleware {
    let policy: OriginPolicy

    private static let allowedHeaders =
        "authorization, content-type, x-parley-cookie, tus-resumable, upload-length, upload-offset, upload-metadata, "
        + "upload-checksum, upload-defer-length, upload-concat, x-http-method-override, x-request-id, if-none-match, if-range, "
        + "range"
    private static let exposedHeaders =
        "location, retry-after, etag, accept-ranges, content-range, content-disposition, tus-resumable, tus-version, tus-extension, tus-max-size, "
        + "tus-checksum-algorithm, upload-offset, upload-length, upload-metadata, upload-expires"

    func handle(
        _ request: Request, context: RequestEnvironment,
        next: (Request, RequestEnvironment) async throws -> Response
    ) async throws -> Response {
        guard let origin = request.headers[.origin], !policy.isOwn(origin, authority: request.head.authority) else {
            var response = try await next(request, context)
            // What a page of this origin got and keeps is no answer for one of another.
            if !policy.allowed.isEmpty { Self.vary(&response) }
            return response
        }
        guard policy.permits(origin, authority: request.head.authority) else {
            return Problem(ChatError(.forbidden, "pages of \(origin.prefix(200)) may not use this server")).response
        }
        var response: Response
        if request.method == .options, request.headers[.accessControlRequestMethod] != nil {
            response = .noContent
            response.headers[.accessControlAllowMethods] = "GET, HEAD, POST, PUT, PATCH, DELETE"
            response.headers[.accessControlAllowHeaders] = Self.allowedHeaders
            response.headers[.accessControlMaxAge] = "600"
        } else {
            response = try await next(request, context)
            response.headers[.accessControlExposeHeaders] = Self.exposedHeaders
        }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlAllowCredentials] = "true"
        Self.vary(&response)
        return response
    }

    private static func vary(_ response: inout Response) {
        response.headers[.vary] = response.headers[.vary].map { "\($0), Origin" } ?? "Origin"
    }
}
