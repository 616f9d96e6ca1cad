import Foundation
import Logging
import PostgresClient

/// Follows sessions that are ended from outside of this process: refuses their tokens and closes their sockets.
struct SessionWatch: Sendable {
    static let channel = "parley_sessions"
    private static let retryDelay: Duration = .seconds(1)

    let database: PostgresClient
    let gate: AccessGate
    let events: any EventSink
    let logger: Logger

    /// Watches until the task is cancelled. After a connection that was lost, what happened meanwhile is read as well.
    func run() async {
        for await _ in database.listen([Self.channel]) {
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
