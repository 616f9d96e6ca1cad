import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import ObjectStorage

@Suite struct EarlyAnswerTests {
    /// A connection on which the head of a request with four bytes went out.
    private func connection(_ parts: HTTPClientRequestPart...) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handler: EarlyAnswerHandler(maxBytes: 4))
        try channel.writeOutbound(
            HTTPClientRequestPart.head(
                HTTPRequestHead(version: .http1_1, method: .PUT, uri: "/", headers: ["content-length": "4"])))
        for part in parts { try channel.writeOutbound(part) }
        return channel
    }

    private func answer(_ status: HTTPResponseStatus, _ text: String = "") -> [HTTPClientResponsePart] {
        [.head(HTTPResponseHead(version: .http1_1, status: status)), .body(ByteBuffer(string: text)), .end(nil)]
    }

    /// What the client's handlers see of an answer.
    private func seen(_ parts: [HTTPClientResponsePart], on channel: EmbeddedChannel) throws -> (Int, EarlyAnswer?) {
        var (count, early): (Int, EarlyAnswer?) = (0, nil)
        for part in parts {
            do {
                try channel.writeInbound(part)
            } catch let error as EarlyAnswer {
                early = error
            }
        }
        while try channel.readInbound(as: HTTPClientResponsePart.self) != nil { count += 1 }
        return (count, early)
    }

    private let body = HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(string: "abcd")))

    @Test(arguments: ["", "why"]) func anErrorBeforeTheEndFailsTheRequest(text: String) throws {
        for channel in [try connection(), try connection(body)] {
            let (count, early) = try seen(answer(.serviceUnavailable, text), on: channel)
            #expect(count == 0 && early?.status == 503 && early.map { String(buffer: $0.body) } == text)
        }
    }

    @Test func aLongAnswerIsNotKept() throws {
        let (count, early) = try seen(answer(.payloadTooLarge, "longer"), on: connection())
        #expect(count == 0 && early?.status == 413 && early?.body.readableBytes == 0)
    }

    @Test func aConnectionThatEndsSaysWhatCameBefore() throws {
        let channel = try connection()
        #expect(try seen(Array(answer(.serviceUnavailable).prefix(1)), on: channel).1 == nil)
        channel.pipeline.fireChannelInactive()
        let error = #expect(throws: EarlyAnswer.self) { try channel.throwIfErrorCaught() }
        #expect(error?.status == 503)
    }

    @Test func anAnswerInTimePasses() throws {
        #expect(try seen(answer(.forbidden), on: connection(body, .end(nil))).0 == 3)
        #expect(try seen(answer(.ok), on: connection(body)).0 == 3, "the end is not on the wire")
        #expect(try seen(answer(.continue), on: connection()).0 == 3)
    }

    @Test func nothingIsStoredOfWhichBytesAreMissing() throws {
        #expect(try seen(answer(.ok), on: connection()).1?.status == 200)
    }
}
