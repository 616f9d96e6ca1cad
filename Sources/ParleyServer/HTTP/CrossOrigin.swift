import HTTPTypes
import Hummingbird

/// CORS (the Fetch standard): lets pages that the operator named read the answers, refusals included. It stands outside
/// of the middleware that turns errors into answers.
struct CrossOrigin: RouterMiddleware {
    let policy: OriginPolicy

    private static let allowedHeaders =
        "authorization, content-type, x-parley-cookie, tus-resumable, upload-length, upload-offset, upload-metadata, "
        + "upload-checksum, upload-defer-length, upload-concat, upload-complete, upload-draft-interop-version, x-http-method-override, x-request-id, if-none-match, if-range, "
        + "range"
    private static let exposedHeaders =
        "location, retry-after, etag, accept-ranges, content-range, content-disposition, tus-resumable, tus-version, tus-extension, tus-max-size, "
        + "tus-checksum-algorithm, upload-offset, upload-length, upload-defer-length, upload-concat, upload-metadata, "
        + "upload-expires, upload-complete, upload-draft-interop-version, upload-limit, accept-patch"

    /// Whether the browser asks if a page may send its request.
    static func isPreflight(_ request: Request) -> Bool {
        request.method == .options && request.headers[.accessControlRequestMethod] != nil
    }

    func handle(
        _ request: Request, context: RequestEnvironment,
        next: (Request, RequestEnvironment) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        if context.page == .permitted {
            if Self.isPreflight(request) {
                response.headers[.accessControlAllowMethods] = "GET, HEAD, POST, PUT, PATCH, DELETE"
                response.headers[.accessControlAllowHeaders] = Self.allowedHeaders
                response.headers[.accessControlMaxAge] = "600"
            } else {
                response.headers[.accessControlExposeHeaders] = Self.exposedHeaders
            }
            response.headers[.accessControlAllowOrigin] = request.headers[.origin]
            response.headers[.accessControlAllowCredentials] = "true"
        }
        // A cached answer to a page of one origin must not be used for another.
        if !policy.allowed.isEmpty {
            response.headers[.vary] = response.headers[.vary].map { "\($0), Origin" } ?? "Origin"
        }
        return response
    }
}
