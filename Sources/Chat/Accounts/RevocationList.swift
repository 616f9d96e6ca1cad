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
        var closedAccounts: [UserID: (until: Date, ban: Ban?)] = [:]
        /// When the list was last read.
        var lastReading: Date?
        /// Something was notified and is being read: nobody knows yet whose tokens still count. Ends with the reading.
        var reading: Task<Void, Never>?

        func refusal(of user: UserID, _ session: SessionID, _ now: Date) -> ChatError? {
            if let closed = closedAccounts[user], closed.until > now { return .accountClosed(closed.ban) }
            if revokedSessions[session] != nil {
                return ChatError(.sessionRevoked, "this session was ended; sign in again")
            }
            return nil
        }
    }

    /// How long an access token is valid, and so how long a revoked session is remembered.
    public static let tokenLifetime: TimeInterval = 15 * 60

    /// How long a token waits for a reading: the database may not answer.
    private static let maxWait: Duration = .seconds(1)

    private let state = Mutex(State())
    private let sessions: SessionStore
    private let users: UserStore
    /// One reading at a time, so that an older answer never replaces a newer one.
    private let reading = KeyedLock<Int>()

    init(stores: Stores) {
        sessions = stores.sessions
        users = stores.users
    }

    /// Waits for a reading that is under way: another server may already have cut somebody who comes here now.
    /// - Throws: `session_revoked` or `banned`.
    public func check(user: UserID, session: SessionID, now: Date = Date()) async throws(ChatError) {
        let (first, reading) = state.withLock { ($0.refusal(of: user, session, now), $0.reading) }
        if let first { throw first }
        guard let reading else { return }
        await reading.value
        if let second = state.withLock({ $0.refusal(of: user, session, now) }) { throw second }
    }

    /// Whether `user` is banned or disabled.
    func isClosed(_ user: UserID, now: Date = Date()) -> Bool {
        state.withLock { $0.closedAccounts[user].map { $0.until > now } ?? false }
    }

    /// What a banned user is told.
    func ban(of user: UserID) -> Ban? { state.withLock { $0.closedAccounts[user]?.ban } }

    /// Whether the session is known to have ended.
    func knows(_ session: SessionID) -> Bool { state.withLock { $0.revokedSessions[session] != nil } }

    func add(_ ids: [SessionID], now: Date = Date()) {
        state.withLock { state in
            state.revokedSessions = state.revokedSessions.filter { $0.value > now - Self.tokenLifetime }
            for id in ids { state.revokedSessions[id] = now }
        }
    }

    /// What `reload` found.
    public struct News: Sendable {
        /// The sessions that were revoked lately, as far as that is new.
        public var revoked: [SessionID]
        /// The accounts that were closed or opened since the list was read before.
        public var changed: Set<UserID>
    }

    /// Reads the list from the database: at the start, and whenever a change was notified or may have been missed.
    @discardableResult
    public func reload(now: Date = Date()) async throws -> News {
        try await reading.withLock(0) { [self] in
            let end = Task { _ = try? await Task.sleep(for: Self.maxWait) }
            state.withLock { $0.reading = end }
            defer {
                state.withLock { $0.reading = nil }
                end.cancel()
            }
            // A server that was frozen or without its database for longer may still have sockets of older ones.
            let last = state.withLock { min($0.lastReading ?? now, now - Self.tokenLifetime) }
            let revoked = try await sessions.revoked(since: last - 60)
            let closed = try await users.closed()
            return state.withLock { state in
                let new = revoked.filter { state.revokedSessions[$0] == nil }
                for id in new { state.revokedSessions[id] = now }
                state.lastReading = max(now, state.lastReading ?? now)
                let before = Set(state.closedAccounts.keys)
                state.closedAccounts = Dictionary(
                    closed.map { ($0.id, (until: $0.until ?? .distantFuture, ban: $0.ban)) }, uniquingKeysWith: { $1 })
                return News(revoked: new, changed: before.symmetricDifference(state.closedAccounts.keys))
            }
        }
    }
}
