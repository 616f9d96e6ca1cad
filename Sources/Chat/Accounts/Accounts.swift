public import ChatModel
import ChatStore

/// Accounts and sessions: who somebody is, and on which devices.
public struct Accounts: Sendable {
    let users: UserStore
    let sessions: SessionStore
    let refreshTokens: RefreshTokens
    let hasher: PasswordHasher
    let events: any EventSink
    public let revocations: RevocationList

    init(stores: Stores, refreshTokens: RefreshTokens, hasher: PasswordHasher, events: any EventSink) {
        users = stores.users
        sessions = stores.sessions
        self.refreshTokens = refreshTokens
        self.hasher = hasher
        self.events = events
        revocations = RevocationList(stores: stores)
    }

    /// The one form of a user name; nil when it is not a valid one.
    public static func userName(_ text: String) -> String? { try? Rules.username(text) }

    public func register(
        username: String, password: String, displayName: String?, from origin: SignInOrigin
    ) async throws -> SignedIn {
        let username = try Rules.username(username)
        let displayName = try Rules.displayName(displayName ?? username)
        try Rules.password(password, names: [username, displayName])
        // We look first, so that a taken name costs no hash. The unique constraint decides.
        guard try await !users.exists(username: username) else {
            throw ChatError(.usernameTaken, "username: somebody has this name already", field: "username")
        }
        let id = UserID.make()
        let hash = try await hasher.hash(password, for: .init(origin, name: username))
        try await users.insert(id: id, username: username, displayName: displayName, hash: hash)
        return try await begin(id, from: origin)
    }

    /// A wrong name and a wrong password get the same answer after the same time.
    public func logIn(username: String, password: String, from origin: SignInOrigin) async throws -> SignedIn {
        try Rules.passwordGuess(password)
        let name = Self.userName(username)
        let share = PasswordTurns.Share(origin, name: name ?? "")
        var credentials: UserStore.Credentials?
        if let name { credentials = try await users.credentials(username: name) }
        guard try await hasher.verify(password, against: credentials?.hash, for: share), let credentials else {
            throw ChatError(.invalidCredentials, "wrong user name or password")
        }
        guard !credentials.isClosed else { throw ChatError.accountClosed(credentials.ban) }
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

    /// Ends a session. Ending it twice changes nothing.
    public func logOut(user: UserID, session: SessionID) async throws {
        _ = try await revoke(session, of: user)
    }

    /// Ends the session that a refresh token belongs to, whether it was spent or not.
    /// - Returns: False when the token is not known.
    public func logOut(refreshToken: String) async throws -> Bool {
        guard refreshToken.utf8.count <= RefreshTokens.maxBytes,
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
        guard let user = try await users.findSelf([id]).first?.user else { throw ChatError.accountGone }
        return user
    }

    func revoke(_ session: SessionID, of user: UserID) async throws -> Bool {
        guard try await sessions.revoke(session, of: user) else { return false }
        announce([session])
        return true
    }

    private func announce(_ ended: [SessionID]) {
        revocations.add(ended)
        for session in ended { events.order(.closeSession(session, .sessionRevoked)) }
    }

    private static func shortened(_ userAgent: String) -> String {
        String(String.UnicodeScalarView(userAgent.unicodeScalars.filter { $0.value >= 32 }.prefix(300)))
    }
}

extension PasswordTurns.Share {
    init(_ origin: SignInOrigin, name: String) {
        self.init(isKnown: origin.isKnown, source: origin.source, name: name)
    }

    /// An operator's, who has a hasher of their own.
    static let `operator` = Self(isKnown: true, source: [], name: "")
}
