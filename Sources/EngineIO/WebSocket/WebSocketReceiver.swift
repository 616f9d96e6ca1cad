import NIOCore

/// Receives what a WebSocket brings, on the connection's event loop.
protocol WebSocketReceiver: AnyObject {
    func webSocket(_ connection: WebSocketConnection, received message: EngineMessage)
    /// All messages that came with one read have been delivered.
    func webSocketReadComplete(_ connection: WebSocketConnection)
    /// More than the outbound bound waits, though everything was flushed. Called at most once.
    func webSocketIsSlow(_ connection: WebSocketConnection)
    /// The connection is gone, or closing on the client's wish. Called once, whoever closed it.
    func webSocketClosed(_ connection: WebSocketConnection)
}
