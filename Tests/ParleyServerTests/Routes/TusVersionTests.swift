import HTTPTypes
import Hummingbird
import Testing

@testable import ParleyServer

@Suite struct TusVersionTests {
    private func version(_ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields = [:]) async throws
        -> String?
    {
        try await TusVersion().handle(request(method, path, headers), context: environment()) { _, _ in
            Response(status: .conflict)
        }.headers[.tusResumable]
    }

    @Test func everyAnswerToTheProtocolNamesIt() async throws {
        #expect(try await version(.post, "/upload", [.tusResumable: "1.0.0"]) == "1.0.0")
        #expect(try await version(.head, "//upload/x/", [.tusResumable: "0.2.2"]) == "1.0.0")
        #expect(try await version(.patch, "/upload/x") == "1.0.0", "no other protocol has this method")
    }

    @Test func otherAnswersDoNot() async throws {
        #expect(try await version(.post, "/upload") == nil)
        #expect(try await version(.get, "/messages", [.tusResumable: "1.0.0"]) == nil)
    }
}
