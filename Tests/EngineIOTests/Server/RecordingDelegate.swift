import EngineIO

/// Keeps what a session said, and can speak for it.
final class RecordingDelegate: EngineSessionDelegate, @unchecked Sendable {
    // Tests on an embedded event loop run on one thread.
    let session: EngineSession
    var messages: [EngineMessage] = []
    var closed: CloseReason?

    init(session: EngineSession) {
        self.session = session
    }

    func session(_ session: EngineSession, received message: EngineMessage) { messages.append(message) }
    func session(_ session: EngineSession, closed reason: CloseReason) { closed = reason }
}
