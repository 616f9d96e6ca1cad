import HTTPTypes
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import ParleyServer

@Suite struct ExpectContinueTests {
    /// Whether a request is told to go on with its body. It reaches the next handler in any case.
    private func goesOn(_ headers: HTTPFields) throws -> Bool {
        let channel = EmbeddedChannel(handlers: [ExpectContinue(maxBytes: 1000)])
        let head = HTTPRequest(method: .put, scheme: "http", authority: "x", path: "/upload/x", headerFields: headers)
        try channel.writeInbound(HTTPRequestPart.head(head))
        guard case .head(head)? = try channel.readInbound(as: HTTPRequestPart.self) else {
            Issue.record("the request was kept back")
            return false
        }
        let answer = try channel.readOutbound(as: HTTPResponsePart.self)
        _ = try channel.finish()
        guard case .head(let head)? = answer else { return false }
        #expect(head.status == .continue)
        return true
    }

    @Test func whoWaitsIsToldToGoOn() throws {
        #expect(try goesOn([.expect: "100-continue", .contentLength: "1000"]))
        #expect(try goesOn([.expect: "100-Continue"]), "of unknown length")
    }

    @Test func aBodyThatIsTooLargeIsNotAskedFor() throws {
        #expect(try !goesOn([.expect: "100-continue", .contentLength: "1001"]))
        #expect(try !goesOn([.expect: "100-continue", .contentLength: "99999999999999999999"]))
    }

    @Test func whoDoesNotWaitGetsNoAnswer() throws {
        #expect(try !goesOn([:]))
        #expect(try !goesOn([.expect: "something else"]))
    }
}
