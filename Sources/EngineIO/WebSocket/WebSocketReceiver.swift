/// Receives a WebSocket's messages and its end, on the connection's event loop.
protocol WebSocketReceiver: AnyObject {
    func webSocket(_ connection: WebSocketConnection, received message: EngineMessage)
    /// All messages of one read have been delivered.
    func webSocketReadComplete(_ connection: WebSocketConnection)
    /// More than the outbound limit still waits after a flush. Called at most once.
    func webSocketIsSlow(_ connection: WebSocketConnection)
    /// The connection has closed, or the client is closing it. Called once, whoever closed it.
    func webSocketClosed(_ connection: WebSocketConnection)
}
