import HTTPTypes
import NIOHTTP1
import Testing

@testable import EngineIO

@Suite struct HandshakeRequestTests {
    @Test func keepsTheHandshake() {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/socket.io/?EIO=4&a=1&a=b%20c")
        head.headers = ["Origin": "https://a.example:8443", "X-Twice": "1", "x-twice": "2", "X-Empty": ""]
        let handshake = HandshakeRequest(head, remoteAddress: nil)
        #expect(handshake.path == "/socket.io/")
        #expect(handshake.query == ["EIO": "4", "a": "b c"])
        #expect(handshake.origin == "https://a.example:8443")
        #expect(handshake.headers.count == 4)
        #expect(handshake.headers[values: HTTPField.Name("X-Twice") ?? .origin] == ["1", "2"])
    }
}
