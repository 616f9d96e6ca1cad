import ChatModel
import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
import Testing

@testable import ParleyServer

@Suite struct ProblemTests {
    private let silent = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }

    @Test func aRefusalIsAProblemInJSON() throws {
        let (head, body) = Problem(ChatError(.validationFailed, "text: not \"empty\"", field: "text")).parts
        #expect(head.status.code == 422)
        #expect(head.headerFields[.contentType] == "application/problem+json")
        #expect(head.headerFields[.contentLength] == String(body.readableBytes))
        #expect(head.headerFields[.cacheControl] == "no-store")
        #expect(
            String(buffer: body) == #"""
                {"type":"about:blank","title":"Unprocessable Content","status":422,"code":"validation_failed",\#
                "detail":"text: not \"empty\"","field":"text"}
                """#)
    }

    @Test(
        arguments: [
            (.malformedRequest, 400), (.unauthenticated, 401), (.tokenExpired, 401), (.invalidCredentials, 401),
            (.sessionRevoked, 401), (.forbidden, 403), (.notAMember, 403), (.banned, 403), (.muted, 403),
            (.notFound, 404), (.usernameTaken, 409), (.conflict, 409), (.uploadOffsetMismatch, 409), (.gone, 410),
            (.checksumMismatch, 460), (.tooLarge, 413), (.quotaExceeded, 413), (.unsupportedMediaType, 415),
            (.validationFailed, 422), (.rateLimited, 429), (.internal, 500), (.unavailable, 503), (.storageFull, 507),
        ] as [(ChatError.Code, Int)])
    func everyCodeHasItsStatus(code: ChatError.Code, status: Int) {
        #expect(Problem(ChatError(code, "why")).status.code == status)
    }

    @Test func whoMayTryAgainIsToldWhen() {
        #expect(Problem(ChatError(.rateLimited, "", retryAfter: 7)).headers[.retryAfter] == "7")
        #expect(Problem(ChatError(.notFound, "")).headers[.retryAfter] == nil)
        #expect(Problem(ChatError(.unauthenticated, "")).headers[.wwwAuthenticate] == "Bearer")
        #expect(Problem(ChatError(.forbidden, "")).headers[.wwwAuthenticate] == nil)
        #expect(Problem.methodNotAllowed("GET, HEAD").headers[.allow] == "GET, HEAD")
    }

    /// The reason of a failure goes to the log, and never to the client.
    @Test func whatWasThrownDecidesWhatIsTold() {
        struct Secret: Error {}
        func told(_ error: any Error) -> String {
            let problem = Problem(error, logger: silent)
            return "\(problem.status.code) \(problem.code)"
        }
        #expect(told(ChatError(.muted, "")) == "403 muted")
        #expect(told(HTTPParserError.invalidMethod) == "400 malformed_request")
        #expect(told(NIOTooManyBytesError(maxBytes: 1)) == "413 too_large")
        #expect(told(CancellationError()) == "503 unavailable")
        #expect(told(Problem.methodNotAllowed("GET")) == "405 method_not_allowed")
        #expect(told(Secret()) == "500 internal")
        #expect(!Problem(Secret(), logger: silent).detail.contains("Secret"))
    }
}
