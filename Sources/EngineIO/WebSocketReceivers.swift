import NIOCore

/// A WebSocket on the session's own event loop speaks to it directly.
extension EngineSession: WebSocketReceiver {
    func webSocket(_ connection: WebSocketConnection, received message: EngineMessage) {
        self.receive(message, from: connection)
    }

    func webSocketReadComplete(_ connection: WebSocketConnection) {}

    func webSocketIsSlow(_ connection: WebSocketConnection) {
        self.webSocketFellBehind(connection)
    }

    func webSocketClosed(_ connection: WebSocketConnection) {
        self.webSocketEnded(connection)
    }
}

/// Carries what a WebSocket receives to a session on another event loop, one task for each read.
final class SessionRelay: WebSocketReceiver {
    private let session: EngineSession
    private var messages: [EngineMessage] = []

    init(session: EngineSession) {
        self.session = session
    }

    func webSocket(_ connection: WebSocketConnection, received message: EngineMessage) {
        self.messages.append(message)
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
        // The messages before the end are still the session's.
        self.webSocketReadComplete(connection)
        let session = self.session
        session.eventLoop.execute { session.webSocketEnded(connection) }
    }
}
