public import ChatModel
import ChatStore
public import Foundation
import Synchronization

/// The access tokens that are refused although they have not expired: after a log-out, a revoked session, or a ban.
///
/// The list is in memory, so that checking a token costs no query. Whoever revokes something adds it, and `reload` makes
/// the list agree with the database.
public final class RevocationList: Sendable {
    private struct State {
        var revokedSessions: [SessionID: Date] = [:]
        var closedAccounts: [UserID: Date] = [:]
    }

    /// How long an access token is valid, and so how long a revoked session is remembered.
    public static let tokenLifetime: TimeInterval = 15 * 60

    private let state = Mutex(State())
    private let sessions: SessionStore
    private let users: UserStore

    init(stores: Stores) {
        sessions = stores.sessions
        users = stores.users
    }

    /// - Throws: `session_revoked` or `banned`.
    public func check(user: UserID, session: SessionID, now: Date = Date()) throws(ChatError) {
        let refusal = state.withLock { state -> ChatError? in
            if let until = state.closedAccounts[user], until > now {
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
    func isClosed(_ user: UserID, now: Date = Date()) -> Bool {
        state.withLock { $0.closedAccounts[user].map { $0 > now } ?? false }
    }

    func add(_ ids: [SessionID], now: Date = Date()) {
        state.withLock { state in
            state.revokedSessions = state.revokedSessions.filter { $0.value > now - Self.tokenLifetime }
            for id in ids { state.revokedSessions[id] = now }
        }
    }

    /// What `reload` found.
    public struct News: Sendable {
        /// The sessions that were revoked lately.
        public var revoked: [SessionID]
        /// The accounts that were closed or opened since the list was read before.
        public var changed: Set<UserID>
    }

    /// Reads the list from the database: at the start, and whenever a change was notified or may have been missed.
    @discardableResult
    public func reload(now: Date = Date()) async throws -> News {
        let revoked = try await sessions.revoked(since: now - Self.tokenLifetime - 60)
        let closed = try await users.closed()
        return state.withLock { state in
            for id in revoked where state.revokedSessions[id] == nil { state.revokedSessions[id] = now }
            let before = Set(state.closedAccounts.keys)
            state.closedAccounts = Dictionary(
                closed.map { ($0.id, $0.until ?? .distantFuture) }, uniquingKeysWith: max)
            return News(revoked: revoked, changed: before.symmetricDifference(state.closedAccounts.keys))
        }
    }
}
