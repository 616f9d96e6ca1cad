import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import ParleyServer

@Suite struct HeadRequestsTests {
    private func answer(_ method: HTTPRequest.Method, _ status: HTTPResponse.Status) async throws -> Response {
        try await HeadRequests().handle(request(method), context: environment()) { _, _ in
            Response(
                status: status, headers: [.contentLength: "5"], body: .init(byteBuffer: ByteBuffer(string: "hello")))
        }
    }

    /// A refusal has none either: a client takes whatever follows for the next answer.
    @Test func anAnswerToHEADHasNoContent() async throws {
        for status in [HTTPResponse.Status.ok, .notFound] {
            let answer = try await answer(.head, status)
            #expect(answer.status == status && answer.headers[.contentLength] == "5")
            #expect(answer.body.contentLength == 0)
            #expect(try await self.answer(.get, status).body.contentLength == 5)
        }
    }
}
