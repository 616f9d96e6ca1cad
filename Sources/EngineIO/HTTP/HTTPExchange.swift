import NIOCore
import NIOHTTP1

/// One HTTP request for an endpoint, on the connection's event loop.
///
/// `@unchecked Sendable`: its state is touched on its event loop only.
final class HTTPExchange: @unchecked Sendable {
    struct Response {
        var status: HTTPResponseStatus
        var headers: HTTPHeaders = [:]
        var body = ByteBuffer()
        /// Completed when the kernel has all of the answer, or fails.
        var written: EventLoopPromise<Void>?
    }

    let eventLoop: any EventLoop
    let head: HTTPRequestHead
    let remoteAddress: SocketAddress?
    /// Whether the client asked for a WebSocket with an acceptable key and version.
    let isWebSocketUpgrade: Bool
    /// Called when the client disconnects before it is answered.
    var onAbort: (() -> Void)?
    /// Called when the server begins to shut down.
    var onQuiesce: (() -> Void)?
    /// The connection, or nil once the exchange is over.
    var gate: UpgradeGate?

    init(
        eventLoop: any EventLoop,
        head: HTTPRequestHead,
        remoteAddress: SocketAddress?,
        isWebSocketUpgrade: Bool,
        gate: UpgradeGate
    ) {
        self.eventLoop = eventLoop
        self.head = head
        self.remoteAddress = remoteAddress
        self.isWebSocketUpgrade = isWebSocketUpgrade
        self.gate = gate
    }

    /// Answers the request. Later answers are ignored. From any thread.
    func respond(_ response: Response) {
        guard eventLoop.inEventLoop else { return eventLoop.execute { self.respond(response) } }
        guard let gate else {
            response.written?.fail(ChannelError.alreadyClosed)
            return
        }
        finish()
        gate.respond(response)
    }

    /// Answers 101 and makes the connection a WebSocket.
    ///
    /// - Returns: nil if the client has disconnected.
    func acceptWebSocket(
        _ configuration: WebSocketConnection.Configuration,
        extraHeaders: HTTPHeaders = [:],
        receiver: any WebSocketReceiver
    ) -> WebSocketConnection? {
        eventLoop.assertInEventLoop()
        let gate = self.gate
        finish()
        return gate?.upgrade(head, configuration: configuration, extraHeaders: extraHeaders, receiver: receiver)
    }

    /// The client has disconnected.
    func abort() {
        let onAbort = self.onAbort
        finish()
        onAbort?()
    }

    private func finish() {
        gate = nil
        onAbort = nil
        onQuiesce = nil
    }
}
