/// The layer above an Engine.IO session. Its methods are called on the session's event loop and must not block.
public protocol EngineSessionDelegate: AnyObject, Sendable {
    func session(_ session: EngineSession, received message: EngineMessage)
    /// Called once. Nothing is received or sent afterwards.
    func session(_ session: EngineSession, closed reason: CloseReason)
}
