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
        let (bell, ring) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup { tasks in
            tasks.addTask { [self] in
                // Notes at once what comes, also while something is being read.
                for await hint in sessions.hints() where revocations.note(hint) { ring.yield() }
                ring.finish()
            }
            tasks.addTask { [self] in
                for await _ in bell { while let work = revocations.takeUnread() { await follow(work) } }
            }
        }
    }

    private func follow(_ work: UnreadRevocations.Work) async {
        while !Task.isCancelled {
            do {
                if work.isEverything { try await catchUp() }
                for session in work.sessions { try await follow(session) }
                break
            } catch {
                logger.warning("ended sessions cannot be read", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: Self.retryDelay)
            }
        }
        revocations.finish(work.last)
    }

    private func follow(_ session: SessionID) async throws {
        // Anybody may notify, so the database is asked.
        guard !revocations.knows(session), try await sessions.hasEnded(session) else { return }
        revocations.add([session])
        events.order(.closeSession(session, .sessionRevoked))
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
