public import NIOCore
import NIOHTTP1

/// A plain WebSocket path. `respond` returns the answer to each message.
///
/// While a client does not read, the server does not read from it either. So its unsent answers stay bounded.
public struct WebSocketEndpoint: Sendable {
    public var path: String
    /// The limit of a message in bytes. A larger message is refused with 1009.
    public var maxMessageSize: Int
    /// Bytes that may wait for the client before reading pauses.
    public var maxOutboundBytes: Int
    public var closeTimeout: TimeAmount
    public var permessageDeflate: EngineConfiguration.PermessageDeflate
    /// On the connection's event loop; must not block. nil answers nothing.
    public var respond: @Sendable (EngineMessage) -> EngineMessage?

    public init(
        path: String,
        maxMessageSize: Int = 16 << 20,
        maxOutboundBytes: Int = 1 << 20,
        closeTimeout: TimeAmount = .seconds(3),
        permessageDeflate: EngineConfiguration.PermessageDeflate = .disabled,
        respond: @escaping @Sendable (EngineMessage) -> EngineMessage?
    ) {
        self.path = path
        self.maxMessageSize = maxMessageSize
        self.maxOutboundBytes = maxOutboundBytes
        self.closeTimeout = closeTimeout
        self.permessageDeflate = permessageDeflate
        self.respond = respond
    }

    func receive(_ exchange: HTTPExchange) {
        guard exchange.isWebSocketUpgrade else {
            return exchange.respond(.init(status: .upgradeRequired, headers: ["Upgrade": "websocket"]))
        }
        var configuration = WebSocketConnection.Configuration(
            maxMessageSize: self.maxMessageSize,
            maxOutboundBytes: self.maxOutboundBytes,
            slowReader: .pauseReading,
            closeTimeout: self.closeTimeout
        )
        var extensionHeader: String?
        if case .enabled(let threshold) = self.permessageDeflate,
            let agreed = DeflateParameters.negotiate(
                offers: exchange.head.headers["Sec-WebSocket-Extensions"],
                threshold: threshold
            )
        {
            configuration.deflate = agreed.parameters
            extensionHeader = agreed.response
        }
        _ = exchange.acceptWebSocket(
            configuration,
            extraHeaders: extensionHeader.map { ["Sec-WebSocket-Extensions": $0] } ?? [:],
            receiver: Responder(respond: self.respond)
        )
    }

    private final class Responder: WebSocketReceiver {
        private let respond: @Sendable (EngineMessage) -> EngineMessage?

        init(respond: @escaping @Sendable (EngineMessage) -> EngineMessage?) {
            self.respond = respond
        }

        func webSocket(_ connection: WebSocketConnection, received message: EngineMessage) {
            if let answer = respond(message) { connection.write(answer) }
        }

        func webSocketReadComplete(_ connection: WebSocketConnection) { connection.flush() }
        func webSocketIsSlow(_ connection: WebSocketConnection) {}
        func webSocketClosed(_ connection: WebSocketConnection) {}
    }
}
