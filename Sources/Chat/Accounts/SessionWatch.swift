import ChatModel
import ChatStore
import Logging

/// Follows sessions that another process ends: refuses their tokens and closes their connections.
struct SessionWatch: Sendable {
    private static let retryDelay: Duration = .seconds(1)

    let sessions: SessionStore
    let revocations: RevocationList
    let events: any EventSink
    let logger: Logger

    /// Runs until the task is cancelled. After a lost connection, also reads what happened meanwhile.
    func run() async {
        for await _ in sessions.hints() {
            while !Task.isCancelled {
                do {
                    for session in try await revocations.reload() {
                        events.order(.closeSession(session, .sessionRevoked))
                    }
                    break
                } catch {
                    logger.warning("ended sessions cannot be read", metadata: ["error": "\(error)"])
                    try? await Task.sleep(for: Self.retryDelay)
                }
            }
        }
    }
}
