import NIOCore
import NIOHTTP1

/// A path for real-time connections. Its requests are answered on the connection's event loop, not by the application.
public enum Endpoint: Sendable {
    case engineIO(EngineServer)
    case webSocket(WebSocketEndpoint)
}

extension Endpoint: HTTPEndpoint {
    func matches(path: Substring) -> Bool {
        switch self {
        case .engineIO(let server): path == server.configuration.path || path + "/" == server.configuration.path
        case .webSocket(let endpoint): path == endpoint.path
        }
    }

    var maxBodySize: Int {
        switch self {
        case .engineIO(let server): server.configuration.maxPayload
        case .webSocket: 0
        }
    }

    func receive(_ exchange: HTTPExchange, body: ByteBuffer) {
        switch self {
        case .engineIO(let server): server.receive(exchange, body: body)
        case .webSocket(let endpoint): endpoint.receive(exchange)
        }
    }

    func refuseBody(_ exchange: HTTPExchange) {
        switch self {
        case .engineIO(let server): server.refuse(exchange, .payloadTooLarge)
        case .webSocket: exchange.respond(.init(status: .payloadTooLarge))
        }
    }
}
