import ChatModel
import ChatStore
import Logging

/// Follows sessions that another process ends, and accounts that it closes or opens: refuses their tokens, closes their
/// connections, and tells the people around them.
struct SessionWatch: Sendable {
    private static let retryDelay: Duration = .seconds(1)

    let sessions: SessionStore
    let revocations: RevocationList
    let profiles: ProfileAnnouncements
    let events: any EventSink
    let logger: Logger

    /// Runs until the task is cancelled. After a lost connection, also reads what happened meanwhile.
    func run() async {
        for await _ in sessions.hints() {
            while !Task.isCancelled {
                do {
                    let news = try await revocations.reload()
                    for session in news.revoked { events.order(.closeSession(session, .sessionRevoked)) }
                    try await profiles.changed(Array(news.changed))
                    break
                } catch {
                    logger.warning("ended sessions cannot be read", metadata: ["error": "\(error)"])
                    try? await Task.sleep(for: Self.retryDelay)
                }
            }
        }
    }
}
