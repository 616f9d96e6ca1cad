import NIOEmbedded
import NIOHTTP1
import Testing

@testable import EngineIO

/// The opening handshake of RFC 6455 section 4.2.1.
@Suite struct WebSocketHandshakeTests {
    private static let good: HTTPHeaders = [
        "Host": "a", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ]

    private func handshake(
        method: HTTPMethod = .GET, version: HTTPVersion = .http1_1, _ change: (inout HTTPHeaders) -> Void = { _ in }
    ) -> WebSocketHandshake {
        var headers = Self.good
        change(&headers)
        return WebSocketHandshake(HTTPRequestHead(version: version, method: method, uri: "/", headers: headers))
    }

    @Test func aWholeHandshakeIsAcceptable() {
        #expect(handshake() == .acceptable)
        #expect(handshake { $0.replaceOrAdd(name: "Connection", value: "keep-alive, Upgrade") } == .acceptable)
        #expect(
            handshake { $0.replaceOrAdd(name: "Upgrade", value: "WebSocket") } == .acceptable, "case does not matter")
    }

    @Test func aRequestThatAsksForNoUpgradeIsNone() {
        #expect(handshake { $0.remove(name: "Upgrade") } == .none)
        #expect(handshake { $0.remove(name: "Connection") } == .none)
        #expect(handshake { $0.replaceOrAdd(name: "Upgrade", value: "h2c") } == .none)
        #expect(handshake { $0.replaceOrAdd(name: "Connection", value: "close") } == .none)
    }

    @Test func aWrongRequestIsMalformed() {
        #expect(handshake(method: .POST) == .malformed)
        #expect(handshake(version: .http1_0) == .malformed)
        #expect(handshake { $0.remove(name: "Sec-WebSocket-Key") } == .malformed)
        #expect(handshake { $0.add(name: "Sec-WebSocket-Key", value: "dGhlIHNhbXBsZSBub25jZQ==") } == .malformed)
    }

    @Test(arguments: ["", "short", "AAAA", "dGhlIHNhbXBsZSBub25jZQ", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="])
    func aKeyIsSixteenBytesInBase64(key: String) {
        #expect(handshake { $0.replaceOrAdd(name: "Sec-WebSocket-Key", value: key) } == .malformed)
    }

    @Test func onlyVersionThirteenIsSpoken() {
        #expect(handshake { $0.replaceOrAdd(name: "Sec-WebSocket-Version", value: "8") } == .unsupportedVersion)
        #expect(handshake { $0.remove(name: "Sec-WebSocket-Version") } == .unsupportedVersion)
        #expect(handshake { $0.add(name: "Sec-WebSocket-Version", value: "13") } == .unsupportedVersion)
    }

    /// The example of RFC 6455 section 1.3.
    @Test func theAnswerProvesThatTheKeyWasRead() throws {
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: Self.good)
        var answer: HTTPHeaders?
        WebSocketHandshake.accept(head, extraHeaders: ["X-More": "1"], channel: EmbeddedChannel()) { answer = $0 }
        let headers = try #require(answer)
        #expect(headers["Sec-WebSocket-Accept"] == ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="])
        #expect(headers["Upgrade"] == ["websocket"])
        #expect(headers["X-More"] == ["1"])
    }
}
