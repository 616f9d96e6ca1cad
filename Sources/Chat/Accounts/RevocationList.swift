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
        var unread = UnreadRevocations()
        /// Those who wait until what had arrived up to a number has been read.
        var waiting: [(last: Int, continuation: CheckedContinuation<Void, Never>)] = []
        /// Whether somebody counts the time that tokens have waited.
        var isTimed = false

        /// - Returns: Whether nobody counts the time yet.
        mutating func startTiming() -> Bool {
            defer { isTimed = true }
            return !isTimed
        }

        /// - Returns: Up to which number tokens wait; nil if there is nothing to wait for.
        mutating func continueTiming() -> Int? {
            isTimed = unread.last != nil
            return unread.last
        }

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

    /// Tokens wait for a reading this long, or twice: the database may not answer.
    private static let maxWait: Duration = .seconds(1)

    private let state = Mutex(State())
    private let sessions: SessionStore
    private let users: UserStore
    /// One reading at a time, so that an older answer never replaces a newer one.
    private let reading = KeyedLock<Int>()
    /// Ends when tokens have waited long enough.
    private let wait: @Sendable () async -> Void

    init(
        stores: Stores,
        wait: @escaping @Sendable () async -> Void = { try? await Task.sleep(for: RevocationList.maxWait) }
    ) {
        sessions = stores.sessions
        users = stores.users
        self.wait = wait
    }

    /// Waits until what was notified of accounts, or of the session, has been read: another server may already have cut
    /// somebody who comes here now.
    /// - Throws: `session_revoked` or `banned`.
    public func check(user: UserID, session: SessionID, now: Date = Date()) async throws(ChatError) {
        let (first, concern) = state.withLock { ($0.refusal(of: user, session, now), $0.unread.concern(of: session)) }
        if let first { throw first }
        guard let concern else { return }
        await finish(of: concern)
        if let second = state.withLock({ $0.refusal(of: user, session, now) }) { throw second }
    }

    private func finish(of last: Int) async {
        await withCheckedContinuation { continuation in
            let isFinished = state.withLock { state in
                guard !state.unread.isFinished(last) else { return true }
                state.waiting.append((last, continuation))
                return false
            }
            if isFinished { continuation.resume() }
        }
    }

    /// How many tokens wait to be checked.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// What was notified and has not been read.
    var unread: UnreadRevocations { state.withLock { $0.unread } }

    // MARK: Notifications

    /// Something was notified: until it has been read, nobody knows whose tokens count.
    /// - Returns: Whether there is something to read.
    func note(_ hint: SessionStore.Hint) -> Bool {
        let (isNew, starts) = state.withLock { state in
            switch hint {
            case .accounts: state.unread.noteEverything()
            case .ended(let session):
                // Most are ended by this server, which knows.
                guard state.revokedSessions[session] == nil else { return (false, false) }
                state.unread.note(session)
            }
            return (true, state.startTiming())
        }
        if starts { limitWaiting() }
        return isNew
    }

    /// Removes what is to be read next. Whoever takes it calls `finish` with its number.
    func takeUnread() -> UnreadRevocations.Work? { state.withLock { $0.unread.take() } }

    /// What had arrived up to this number has been read.
    func finish(_ last: Int) {
        let done = state.withLock { state in
            state.unread.finish(last)
            let done = state.waiting.filter { $0.last <= last }
            state.waiting.removeAll { $0.last <= last }
            return done
        }
        for waiter in done { waiter.continuation.resume() }
    }

    private func limitWaiting() {
        Task {
            while let last = state.withLock({ $0.continueTiming() }) {
                await wait()
                finish(last)
            }
        }
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
            let (number, starts) = state.withLock { ($0.unread.noteReading(), $0.startTiming()) }
            if starts { limitWaiting() }
            // If it fails, too: without the database, tokens count as before.
            defer { finish(number) }
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
