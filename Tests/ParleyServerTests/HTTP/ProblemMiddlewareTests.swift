import ChatModel
import HTTPTypes
import Hummingbird
import Testing

@testable import ParleyServer

@Suite struct ProblemMiddlewareTests {
    private func answer(_ error: any Error) async throws -> Response {
        try await ProblemMiddleware().handle(request(), context: environment()) { _, _ in throw error }
    }

    @Test func whatAHandlerThrowsIsAProblem() async throws {
        let answer = try await answer(ChatError(.muted, "not now"))
        #expect(answer.status == .forbidden)
        #expect(answer.headers[.contentType] == "application/problem+json")
        let failure = try await self.answer(HTTPError(.notFound))
        #expect(failure.status == .notFound)
    }

    @Test func whatAHandlerAnswersStays() async throws {
        let answer = try await ProblemMiddleware().handle(request(), context: environment()) { _, _ in
            Response(status: .created)
        }
        #expect(answer.status == .created)
    }
}
