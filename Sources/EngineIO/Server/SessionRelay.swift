import NIOCore

/// Forwards what a WebSocket receives to a session on another event loop, in one task per read.
final class SessionRelay: WebSocketReceiver {
    private let session: EngineSession
    private var messages: [EngineMessage] = []

    init(session: EngineSession) {
        self.session = session
    }

    func webSocket(_ connection: WebSocketConnection, received message: EngineMessage) {
        messages.append(message)
    }

    func webSocketReadComplete(_ connection: WebSocketConnection) {
        guard !self.messages.isEmpty else { return }
        let (session, messages) = (self.session, self.messages)
        self.messages = []
        session.eventLoop.execute {
            for message in messages { session.receive(message, from: connection) }
        }
    }

    func webSocketIsSlow(_ connection: WebSocketConnection) {
        let session = self.session
        session.eventLoop.execute { session.webSocketFellBehind(connection) }
    }

    func webSocketClosed(_ connection: WebSocketConnection) {
        // Messages that arrived before the end still belong to the session.
        webSocketReadComplete(connection)
        let session = self.session
        session.eventLoop.execute { session.webSocketEnded(connection) }
    }
}
