import ChatModel
package import ChatStore

/// What an operator does with accounts. A running server learns of it by a notification.
public struct AccountAdministration: Sendable {
    /// There is no such account.
    public struct Unknown: Error, CustomStringConvertible {
        public let description: String
    }

    private let users: UserStore
    private let sessions: SessionStore
    private let hasher = PasswordHasher(threads: 1)

    /// - Parameter stores: no URL is made here, so any secret for links will do.
    package init(stores: Stores) {
        users = stores.users
        sessions = stores.sessions
    }

    /// - Throws: `validation_failed`, `username_taken`.
    public func create(_ username: String, displayName: String?, password: String) async throws {
        let username = try Rules.username(username)
        let displayName = try Rules.displayName(displayName ?? username)
        try Rules.password(password, names: [username, displayName])
        try await users.insert(
            id: .make(), username: username, displayName: displayName,
            hash: try await hasher.hash(password, for: .operator))
    }

    /// Closes an account: nobody can sign in to it, and its sessions end.
    public func disable(_ username: String) async throws {
        let user = try await find(username)
        try await users.disable(user)
        _ = try await sessions.revokeAll(of: user, except: nil)
    }

    public func enable(_ username: String) async throws {
        try await users.enable(try await find(username))
    }

    /// Sets a new password and ends every session.
    public func resetPassword(_ username: String, to password: String) async throws {
        let user = try await find(username)
        let names = try await users.find(user).map { [$0.username, $0.displayName] } ?? []
        try Rules.password(password, names: names)
        try await users.setPassword(try await hasher.hash(password, for: .operator), of: user)
        _ = try await sessions.revokeAll(of: user, except: nil)
    }

    public func shutdown() async { await hasher.shutdown() }

    private func find(_ username: String) async throws -> UserID {
        guard let name = try? Rules.username(username),
            let found = try await users.credentials(username: name)
        else { throw Unknown(description: "there is no user \(username)") }
        return found.id
    }
}
