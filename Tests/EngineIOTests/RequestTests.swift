import HTTPTypes
import NIOCore
import NIOHTTP1
import Testing

@testable import EngineIO

@Suite struct RequestTests {
    private func request(
        _ query: String,
        method: HTTPMethod = .GET,
        webSocket: Bool = false,
        transports: Set<EngineConfiguration.Transport> = [.polling, .websocket]
    ) throws(RequestError) -> EngineRequest.Purpose {
        try EngineRequest(
            method: method,
            uri: "/engine.io/?" + query,
            isWebSocketUpgrade: webSocket,
            transports: transports
        ).purpose
    }

    @Test func tellsPurposes() throws {
        #expect(try self.request("EIO=4&transport=polling") == .handshake(.polling))
        #expect(try self.request("EIO=4&transport=websocket", webSocket: true) == .handshake(.websocket))
        #expect(try self.request("EIO=4&transport=polling&sid=a") == .poll(sid: "a"))
        #expect(try self.request("EIO=4&transport=polling&sid=a%2Bb", method: .POST) == .post(sid: "a+b"))
        #expect(try self.request("EIO=4&transport=websocket&sid=a", webSocket: true) == .upgrade(sid: "a"))
    }

    @Test func refuses() {
        #expect(throws: RequestError.unknownTransport) { try self.request("EIO=4") }
        #expect(throws: RequestError.unknownTransport) {
            try self.request("EIO=4&transport=polling", transports: [.websocket])
        }
        #expect(throws: RequestError.unsupportedProtocolVersion) { try self.request("EIO=3&transport=polling") }
        #expect(throws: RequestError.badHandshakeMethod) { try self.request("EIO=4&transport=polling", method: .POST) }
        #expect(throws: RequestError.badRequest) { try self.request("EIO=4&transport=websocket") }
        #expect(throws: RequestError.badRequest) { try self.request("EIO=4&transport=polling&sid=a", method: .PUT) }
        #expect(throws: RequestError.badRequest) {
            try self.request("EIO=4&transport=polling&sid=a", webSocket: true)
        }
    }

    @Test func answersWithTheProtocolsJSON() {
        #expect(RequestError.unknownTransport.body == ByteBuffer(string: #"{"code":0,"message":"Transport unknown"}"#))
        let refusal = HandshakeRefusal(status: .unauthorized, message: #"say "please""#)
        #expect(RequestError.forbidden(refusal).status == .unauthorized)
        #expect(
            RequestError.forbidden(refusal).body == ByteBuffer(string: #"{"code":4,"message":"say \"please\""}"#)
        )
    }

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

    @Test func answersCORS() {
        let request: HTTPHeaders = ["Origin": "https://a.example", "Access-Control-Request-Headers": "x-b"]
        #expect(CORSPolicy.sameOrigin.headers(for: request, isPreflight: true).isEmpty)
        #expect(
            CORSPolicy.any.headers(for: request, isPreflight: false).first(name: "Access-Control-Allow-Origin") == "*")
        let listed = CORSPolicy.allowing { $0 == "https://a.example" }.headers(for: request, isPreflight: true)
        #expect(listed.first(name: "Access-Control-Allow-Origin") == "https://a.example")
        #expect(listed.first(name: "Access-Control-Allow-Headers") == "x-b")
        #expect(listed.first(name: "Access-Control-Allow-Methods")?.split(separator: ",").contains("PUT") == true)
        let foreign = CORSPolicy.allowing { $0 == "https://b.example" }.headers(for: request, isPreflight: true)
        #expect(!foreign.contains(name: "Access-Control-Allow-Origin"))
    }
}
