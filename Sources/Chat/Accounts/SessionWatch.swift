import ChatModel
import ChatStore
import Foundation
import Logging

/// Follows sessions that are ended from outside of this process: refuses their tokens and closes their sockets.
struct SessionWatch: Sendable {
    private static let retryDelay: Duration = .seconds(1)

    let sessions: SessionStore
    let gate: AccessGate
    let events: any EventSink
    let logger: Logger

    /// Watches until the task is cancelled. After a connection that was lost, what happened meanwhile is read as well.
    func run() async {
        for await _ in sessions.hints() {
            while !Task.isCancelled {
                do {
                    for session in try await gate.reload() { events.deliver(.sessionEnded(session, .sessionRevoked)) }
                    break
                } catch {
                    logger.warning("ended sessions cannot be read", metadata: ["error": "\(error)"])
                    try? await Task.sleep(for: Self.retryDelay)
                }
            }
        }
    }
}
