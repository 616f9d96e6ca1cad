import ChatModel
import ChatStore
import Logging

/// Follows the ends of sessions, and accounts that are closed or opened, wherever that happens: refuses their tokens, closes
/// their connections, and tells the people around them.
struct SessionWatch: Sendable {
    private static let retryDelay: Duration = .seconds(1)

    let sessions: SessionStore
    let revocations: RevocationList
    let profiles: ProfileAnnouncements
    let events: any EventSink
    let logger: Logger

    /// Runs until the task is cancelled. After a lost connection, also reads what happened meanwhile.
    func run() async {
        for await hint in sessions.hints() {
            // Most are ended by this server, which knows.
            if case .ended(let session) = hint, revocations.knows(session) { continue }
            while !Task.isCancelled {
                do {
                    try await follow(hint)
                    break
                } catch {
                    logger.warning("ended sessions cannot be read", metadata: ["error": "\(error)"])
                    try? await Task.sleep(for: Self.retryDelay)
                }
            }
        }
    }

    private func follow(_ hint: SessionStore.Hint) async throws {
        switch hint {
        case .accounts: try await catchUp()
        case .ended(let session):
            // Anybody may notify, so the database is asked.
            guard try await sessions.hasEnded(session) else { return }
            revocations.add([session])
            events.order(.closeSession(session, .sessionRevoked))
        }
    }

    /// Closes the connections of somebody who is banned or disabled.
    func closeAccount(_ user: UserID) {
        if revocations.isClosed(user) { events.order(.closeAccount(user, revocations.ban(of: user))) }
    }

    /// Acts on everything that is new in the database.
    func catchUp() async throws {
        let news = try await revocations.reload()
        for session in news.revoked { events.order(.closeSession(session, .sessionRevoked)) }
        for user in news.changed { closeAccount(user) }
        try await profiles.changed(Array(news.changed))
    }
}
