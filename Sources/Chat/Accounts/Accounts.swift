public import ChatModel
import ChatStore
import Foundation
import Logging

/// Somebody who just signed in: what an answer to register, log-in and refresh is made of.
public struct SignedIn: Sendable {
    public var user: User
    public var sessionID: SessionID
    public var refreshToken: String
}

/// Where somebody signs in from, as far as sessions and shares of the password queue care.
public struct SignInOrigin: Sendable {
    /// The bytes of an address.
    public var source: [UInt8]
    /// Whether this user signed in from there before.
    public var isKnown: Bool
    public var userAgent: String

    public init(source: [UInt8], isKnown: Bool, userAgent: String) {
        self.source = source
        self.isKnown = isKnown
        self.userAgent = userAgent
    }
}

/// Accounts and sessions: who somebody is, and on which devices.
public struct Accounts: Sendable {
    /// For this long after it was spent a refresh token still gets a session: two tabs may refresh at once.
    static let refreshGrace: Double = 10

    let users: UserStore
    let sessions: SessionStore
    let refreshTokens: RefreshTokens
    let hasher: PasswordHasher
    let events: any EventSink
    public let gate: AccessGate

    /// A user name in its one form; nil for what is none.
    public static func userName(_ text: String) -> String? { try? Rules.username(text) }

    public func register(
        username: String, password: String, displayName: String?, from origin: SignInOrigin
    ) async throws -> SignedIn {
        let username = try Rules.username(username)
        let displayName = try Rules.displayName(displayName ?? username)
        try Rules.password(password, names: [username, displayName])
        // Asked first so that a taken name costs no hash; the unique constraint decides.
        guard try await !users.exists(username: username) else {
            throw ChatError(.usernameTaken, "username: somebody has this name already", field: "username")
        }
        let id = UserID.make()
        let hash = try await hasher.hash(password, for: .init(origin, name: username))
        try await users.insert(id: id, username: username, displayName: displayName, hash: hash)
        return try await begin(id, from: origin)
    }

    /// Answers a wrong name and a wrong password alike, after the same time.
    public func logIn(username: String, password: String, from origin: SignInOrigin) async throws -> SignedIn {
        try Rules.passwordGuess(password)
        let name = Self.userName(username)
        let share = PasswordTurns.Share(origin, name: name ?? "")
        var credentials: UserStore.Credentials?
        if let name { credentials = try await users.credentials(username: name) }
        guard try await hasher.verify(password, against: credentials?.hash, for: share), let credentials else {
            throw ChatError(.invalidCredentials, "wrong user name or password")
        }
        guard !credentials.banned, !credentials.disabled else { throw ChatError(.banned, "this account is closed") }
        if hasher.needsRehash(credentials.hash) {
            try await users.setPassword(try await hasher.hash(password, for: share), of: credentials.id)
        }
        return try await begin(credentials.id, from: origin)
    }

    private func begin(_ user: UserID, from origin: SignInOrigin) async throws -> SignedIn {
        let session = SessionID.make()
        let token = RefreshTokens.make()
        try await sessions.insert(session, user: user, userAgent: Self.shortened(origin.userAgent), token: token)
        announce(try await sessions.revokeOldest(of: user))
        return SignedIn(user: try await me(user), sessionID: session, refreshToken: token)
    }

    /// Exchanges a refresh token for the next one, and a spent one for the same next one: for `refreshGrace`, and on
    /// until that one was used, since its answer may have been lost. A token that comes later was stolen, or its thief was
    /// faster: the whole family is revoked (RFC 9700 § 4.14.2).
    public func refresh(_ token: String) async throws -> SignedIn {
        enum Outcome: Sendable {
            case refreshed(SignedIn.Parts)
            case reused(SessionStore.Token)
            case refused(ChatError)
        }
        let unknown = ChatError(.unauthenticated, "this refresh token is not known")
        guard token.utf8.count <= RefreshTokens.maximumBytes else { throw unknown }
        let successors = refreshTokens.successors(of: token)
        let outcome: Outcome = try await sessions.exchange(token) { transaction in
            guard let known = try await sessions.lock(token, in: transaction) else { return .refused(unknown) }
            if known.ended { return .refused(ChatError(.sessionRevoked, "this session was ended; sign in again")) }
            if known.banned { return .refused(ChatError(.banned, "this account is closed")) }
            func refreshed(_ token: String) -> Outcome {
                .refreshed(.init(user: known.userID, session: known.sessionID, token: token))
            }
            if let spentFor = known.spentFor {
                let isInGrace = spentFor <= Self.refreshGrace
                for successor in successors {
                    guard let isSpent = try await sessions.isSpent(successor, in: transaction) else { continue }
                    return isInGrace || !isSpent ? refreshed(successor) : .reused(known)
                }
                // The version before this one makes a random successor, of which nothing is known here.
                guard isInGrace else { return .reused(known) }
            }
            try await sessions.replace(token, by: successors[0], of: known.sessionID, in: transaction)
            return refreshed(successors[0])
        }
        switch outcome {
        case .refused(let error):
            throw error
        case .reused(let known):
            _ = try await revoke(known.sessionID, of: known.userID)
            throw ChatError(.sessionRevoked, "this refresh token was used before; sign in again")
        case .refreshed(let parts):
            return SignedIn(user: try await me(parts.user), sessionID: parts.session, refreshToken: parts.token)
        }
    }

    /// Ends a session; one that has ended stays so.
    public func logOut(user: UserID, session: SessionID) async throws {
        _ = try await revoke(session, of: user)
    }

    /// Ends the session that a refresh token belongs to, whether it was spent or not.
    /// - Returns: false for a token that is not known.
    public func logOut(refreshToken: String) async throws -> Bool {
        guard refreshToken.utf8.count <= RefreshTokens.maximumBytes,
            let (session, user) = try await sessions.owner(of: refreshToken)
        else { return false }
        _ = try await revoke(session, of: user)
        return true
    }

    public func sessions(of user: UserID, current: SessionID) async throws -> [Session] {
        try await sessions.list(of: user, current: current)
    }

    public func endSession(_ id: SessionID, of user: UserID) async throws {
        guard try await revoke(id, of: user) else { throw ChatError.notFound("session") }
    }

    public func changePassword(
        of user: UserID, session: SessionID, current: String, new: String, from source: [UInt8]
    ) async throws {
        try Rules.passwordGuess(current, field: "currentPassword")
        let me = try await me(user)
        try Rules.password(new, field: "newPassword", names: [me.username, me.displayName])
        let share = PasswordTurns.Share(isKnown: true, source: source, name: me.username)
        guard let credentials = try await users.credentials(id: user),
            try await hasher.verify(current, against: credentials.hash, for: share)
        else { throw ChatError(.invalidCredentials, "currentPassword: wrong", field: "currentPassword") }
        try await users.setPassword(try await hasher.hash(new, for: share), of: user)
        announce(try await sessions.revokeAll(of: user, except: session))
    }

    public func me(_ id: UserID) async throws -> User {
        guard let user = try await users.findSelf([id]).first else { throw ChatError.accountGone }
        return user
    }

    private func revoke(_ session: SessionID, of user: UserID) async throws -> Bool {
        guard try await sessions.revoke(session, of: user) else { return false }
        announce([session])
        return true
    }

    private func announce(_ ended: [SessionID]) {
        gate.revoke(ended)
        for session in ended { events.deliver(.sessionEnded(session, .sessionRevoked)) }
    }

    private static func shortened(_ userAgent: String) -> String {
        String(String.UnicodeScalarView(userAgent.unicodeScalars.filter { $0.value >= 32 }.prefix(300)))
    }
}

extension PasswordTurns.Share {
    init(_ origin: SignInOrigin, name: String) {
        self.init(isKnown: origin.isKnown, source: origin.source, name: name)
    }

    /// An operator's, on a hasher of their own.
    static let `operator` = Self(isKnown: true, source: [], name: "")
}

extension SignedIn {
    struct Parts: Sendable {
        var user: UserID
        var session: SessionID
        var token: String
    }
}
