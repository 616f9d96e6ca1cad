import NIOHTTP1
import Testing

@testable import EngineIO

@Suite struct EngineRequestTests {
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
        #expect(try request("EIO=4&transport=polling") == .handshake(.polling))
        #expect(try request("EIO=4&transport=websocket", webSocket: true) == .handshake(.websocket))
        #expect(try request("EIO=4&transport=polling&sid=a") == .poll(sid: "a"))
        #expect(try request("EIO=4&transport=polling&sid=a%2Bb", method: .POST) == .post(sid: "a+b"))
        #expect(try request("EIO=4&transport=websocket&sid=a", webSocket: true) == .upgrade(sid: "a"))
    }

    @Test func refuses() {
        #expect(throws: RequestError.unknownTransport) { try request("EIO=4") }
        #expect(throws: RequestError.unknownTransport) {
            try request("EIO=4&transport=polling", transports: [.websocket])
        }
        #expect(throws: RequestError.unsupportedProtocolVersion) { try request("EIO=3&transport=polling") }
        #expect(throws: RequestError.badHandshakeMethod) { try request("EIO=4&transport=polling", method: .POST) }
        #expect(throws: RequestError.badRequest) { try request("EIO=4&transport=websocket") }
        #expect(throws: RequestError.badRequest) { try request("EIO=4&transport=polling&sid=a", method: .PUT) }
        #expect(throws: RequestError.badRequest) {
            try request("EIO=4&transport=polling&sid=a", webSocket: true)
        }
    }
}
