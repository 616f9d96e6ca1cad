public import ChatModel
import ChatStore
public import Foundation
import Synchronization

/// Which access tokens, though unexpired, are no longer good: a log-out, a revoked family, a ban. Kept in memory so that
/// checking costs no query; whoever revokes tells it, and `reload` makes it agree with the database.
public final class AccessGate: Sendable {
    private struct State {
        var revokedSessions: [SessionID: Date] = [:]
        var refusedUsers: [UserID: Date] = [:]
    }

    /// How long an access token runs, and so how long a revoked session has to be remembered.
    public static let tokenLifetime: TimeInterval = 15 * 60

    private let state = Mutex(State())
    private let sessions: SessionStore

    init(sessions: SessionStore) { self.sessions = sessions }

    /// - Throws: `session_revoked` or `banned`.
    public func check(user: UserID, session: SessionID, now: Date = Date()) throws(ChatError) {
        let refusal = state.withLock { state -> ChatError? in
            if let until = state.refusedUsers[user], until > now {
                return ChatError(.banned, "this account is closed")
            }
            if state.revokedSessions[session] != nil {
                return ChatError(.sessionRevoked, "this session was ended; sign in again")
            }
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Whether `user` is banned or disabled.
    func isRefused(_ user: UserID, now: Date = Date()) -> Bool {
        state.withLock { $0.refusedUsers[user].map { $0 > now } ?? false }
    }

    func revoke(_ ids: [SessionID], now: Date = Date()) {
        state.withLock { state in
            state.revokedSessions = state.revokedSessions.filter { $0.value > now - Self.tokenLifetime }
            for id in ids { state.revokedSessions[id] = now }
        }
    }

    /// Reads from the database who is refused. Called at the start, and whenever a change there was announced or may
    /// have been missed.
    /// - Returns: the sessions that were ended lately.
    @discardableResult
    public func reload(now: Date = Date()) async throws -> [SessionID] {
        let refused = try await sessions.refused(since: now - Self.tokenLifetime - 60)
        state.withLock { state in
            for id in refused.sessions where state.revokedSessions[id] == nil { state.revokedSessions[id] = now }
            state.refusedUsers = Dictionary(
                refused.users.map { ($0.id, $0.until ?? .distantFuture) }, uniquingKeysWith: max)
        }
        return refused.sessions
    }
}
