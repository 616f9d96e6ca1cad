import Foundation
import Logging
import PostgresClient

/// Somebody who just signed in: what an answer to register, log-in and refresh is made of.
public struct SignedIn: Sendable {
    public var user: User
    public var sessionID: SessionID
    public var refreshToken: String
}

/// Accounts and sessions: who somebody is, and on which devices.
public struct Accounts: Sendable {
    /// For this long after it was spent a refresh token still gets a session: two tabs may refresh at once.
    static let refreshGrace: Double = 10

    let database: PostgresClient
    let users: UserStore
    let sessions: SessionStore
    let hasher: PasswordHasher
    let events: any EventSink
    public let gate: AccessGate

    public func register(
        username: String, password: String, displayName: String?, userAgent: String
    ) async throws -> SignedIn {
        let username = try Rules.username(username)
        try Rules.password(password, username: username)
        let displayName = try Rules.displayName(displayName ?? username)
        // Asked first so that a taken name costs no hash; the unique constraint decides.
        guard try await !users.exists(username: username) else {
            throw ChatError(.usernameTaken, "username: somebody has this name already", field: "username")
        }
        let id = UserID.make()
        try await users.insert(
            id: id, username: username, displayName: displayName, hash: try await hasher.hash(password))
        return try await begin(id, userAgent: userAgent)
    }

    /// Answers a wrong name and a wrong password alike, after the same time.
    public func logIn(username: String, password: String, userAgent: String) async throws -> SignedIn {
        var credentials: UserStore.Credentials?
        if let name = try? Rules.username(username) { credentials = try await users.credentials(username: name) }
        guard try await hasher.verify(password, against: credentials?.hash), let credentials else {
            throw ChatError(.invalidCredentials, "wrong user name or password")
        }
        guard !credentials.banned, !credentials.disabled else { throw ChatError(.banned, "this account is closed") }
        if hasher.needsRehash(credentials.hash) {
            try await users.setPassword(try await hasher.hash(password), of: credentials.id)
        }
        return try await begin(credentials.id, userAgent: userAgent)
    }

    private func begin(_ user: UserID, userAgent: String) async throws -> SignedIn {
        let session = SessionID.make()
        let token = Self.makeToken()
        try await sessions.insert(session, user: user, userAgent: Self.shortened(userAgent), token: token)
        return SignedIn(user: try await me(user), sessionID: session, refreshToken: token)
    }

    /// Exchanges a refresh token for the next one. A token spent more than `refreshGrace` ago was stolen or its thief
    /// was faster: the whole family is revoked (RFC 9700 § 4.14.2).
    public func refresh(_ token: String) async throws -> SignedIn {
        enum Outcome {
            case refreshed(SignedIn.Parts)
            case reused(SessionStore.Token)
            case refused(ChatError)
        }
        let outcome: Outcome = try await database.withTransaction { transaction in
            guard let known = try await sessions.lock(token, in: transaction) else {
                return .refused(ChatError(.unauthenticated, "this refresh token is not known"))
            }
            if known.ended { return .refused(ChatError(.sessionRevoked, "this session was ended; sign in again")) }
            if known.banned { return .refused(ChatError(.banned, "this account is closed")) }
            if let spentFor = known.spentFor, spentFor > Self.refreshGrace { return .reused(known) }
            let successor = Self.makeToken()
            try await sessions.replace(token, by: successor, of: known.sessionID, in: transaction)
            return .refreshed(.init(user: known.userID, session: known.sessionID, token: successor))
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

    public func logOut(user: UserID, session: SessionID) async throws {
        _ = try await revoke(session, of: user)
    }

    public func sessions(of user: UserID, current: SessionID) async throws -> [Session] {
        try await sessions.list(of: user, current: current)
    }

    public func endSession(_ id: SessionID, of user: UserID) async throws {
        guard try await revoke(id, of: user) else { throw ChatError.notFound("session") }
    }

    public func changePassword(
        of user: UserID, session: SessionID, current: String, new: String
    ) async throws {
        guard let credentials = try await users.credentials(id: user),
            try await hasher.verify(current, against: credentials.hash)
        else { throw ChatError(.invalidCredentials, "currentPassword: wrong", field: "currentPassword") }
        try Rules.password(new, field: "newPassword", username: try await me(user).username)
        try await users.setPassword(try await hasher.hash(new), of: user)
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

    /// 256 random bits, base64url (RFC 4648 § 5).
    private static func makeToken() -> String {
        Data((0..<32).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static func shortened(_ userAgent: String) -> String {
        String(String.UnicodeScalarView(userAgent.unicodeScalars.filter { $0.value >= 32 }.prefix(300)))
    }
}

extension SignedIn {
    struct Parts: Sendable {
        var user: UserID
        var session: SessionID
        var token: String
    }
}
