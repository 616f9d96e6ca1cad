import ChatModel
import ChatStore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// The one place where a refusal gets its HTTP status and its form, `application/problem+json` (RFC 9457).
struct Problem: Error {
    var status: HTTPResponse.Status
    var code: String
    var detail: String
    var field: String?
    var ban: Ban?
    var headers: HTTPFields = [:]

    init(_ error: ChatError) {
        status = Self.status(of: error.code)
        code = error.code.description
        detail = error.detail
        field = error.field
        ban = error.ban
        if let retryAfter = error.retryAfter { headers[.retryAfter] = String(retryAfter) }
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
    }

    init(_ status: HTTPResponse.Status, code: String, detail: String, headers: HTTPFields = [:]) {
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
    }

    /// - Parameter allowed: The methods that the resource answers to, with commas between them (RFC 9110, section
    /// 15.5.6).
    static func methodNotAllowed(_ allowed: String) -> Problem {
        Problem(
            .methodNotAllowed, code: "method_not_allowed", detail: "this resource answers to \(allowed)",
            headers: [.allow: allowed])
    }

    /// Anything that a handler threw. Unexpected errors go to the log, not to the client.
    init(_ error: any Error, logger: Logger) {
        switch error {
        case let error as Problem:
            self = error
        case let error as ChatError:
            self.init(error)
        case let error as HTTPError:
            self.init(error.status, code: Self.code(of: error.status), detail: error.body ?? error.status.reasonPhrase)
            headers = error.headers
        case is HTTPParserError:
            self.init(.badRequest, code: "malformed_request", detail: "the request cannot be read")
        case is NIOTooManyBytesError:
            self.init(ChatError(.tooLarge, "the body is too large"))
        case is CancellationError:
            self.init(ChatError(.unavailable, "the server is stopping", retryAfter: 1))
        default:
            self.init(ChatError(databaseError: error, logger: logger))
        }
    }

    private static func status(of code: ChatError.Code) -> HTTPResponse.Status {
        switch code {
        case .malformedRequest: .badRequest
        case .unauthenticated, .tokenExpired, .invalidCredentials, .sessionRevoked: .unauthorized
        case .forbidden, .notAMember, .banned, .muted: .forbidden
        case .notFound: .notFound
        case .usernameTaken, .conflict, .uploadOffsetMismatch: .conflict
        case .gone: .gone
        case .tooLarge, .quotaExceeded: .contentTooLarge
        case .unsupportedMediaType: .unsupportedMediaType
        case .validationFailed: .unprocessableContent
        case .rateLimited: .tooManyRequests
        case .unavailable: .serviceUnavailable
        // tus 1.0, checksum extension.
        case .checksumMismatch: HTTPResponse.Status(code: 460, reasonPhrase: "Checksum Mismatch")
        case .storageFull: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
        default: .internalServerError
        }
    }

    /// For refusals of the HTTP layer itself.
    private static func code(of status: HTTPResponse.Status) -> String {
        switch status.code {
        case 404: "not_found"
        case 405: "method_not_allowed"
        case 408: "timeout"
        case 413: "too_large"
        case 400..<500: "malformed_request"
        case 503: "unavailable"
        default: "internal"
        }
    }

    var response: Response {
        let (head, body) = parts
        return Response(status: status, headers: head.headerFields, body: .init(byteBuffer: body))
    }

    /// The answer, for code that has no router.
    var parts: (head: HTTPResponse, body: ByteBuffer) {
        let body = json
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.contentLength] = String(body.readableBytes)
        headers[.cacheControl] = "no-store"
        headers[.xContentTypeOptions] = "nosniff"
        return (HTTPResponse(status: status, headerFields: headers), body)
    }
}

extension Problem: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("type", "about:blank")
            json.field("title", status.reasonPhrase)
            json.field("status", status.code)
            json.field("code", code)
            json.field("detail", detail)
            json.field("field", field)
            json.field(ban)
        }
    }
}
