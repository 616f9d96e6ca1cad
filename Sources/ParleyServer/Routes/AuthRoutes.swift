import Chat
import Foundation
import HTTPTypes
import Hummingbird

/// `/auth`: accounts and sessions.
struct AuthRoutes {
    let accounts: Accounts
    let people: People
    let tokens: AccessTokens
    let cookie: RefreshCookie
    let limits: RateLimits

    func register(on router: Router<RequestEnvironment>) {
        router.route("/auth/register", [.post: signUp])
        router.route("/auth/login", [.post: logIn])
        router.route("/auth/refresh", [.post: refresh])
        router.route("/auth/logout", [.post: logOut])
        router.route("/auth/me", [.get: me, .patch: change])
        router.route("/auth/password", [.post: changePassword])
        router.route("/auth/sessions", [.get: listSessions])
        router.route("/auth/sessions/:id", [.delete: endSession])
    }

    private struct Registration: Decodable {
        var username: String
        var password: String
        var displayName: String?
    }

    @Sendable private func signUp(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try cookie.check(request, context)
        let body = try await request.json(Registration.self)
        let signedIn = try await accounts.register(
            username: body.username, password: body.password, displayName: body.displayName,
            userAgent: request.headers[.userAgent] ?? "")
        return try await answer(signedIn, to: request, context, status: .created)
    }

    private struct LogIn: Decodable {
        var username: String
        var password: String
    }

    @Sendable private func logIn(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try cookie.check(request, context)
        let body = try await request.json(LogIn.self)
        let name = RateLimits.Subject.name(String(body.username.lowercased().prefix(64)), from: context.client)
        let signedIn = try await countingFailures(of: name, from: context) {
            try await accounts.logIn(
                username: body.username, password: body.password, userAgent: request.headers[.userAgent] ?? "")
        }
        return try await answer(signedIn, to: request, context)
    }

    /// Runs what checks a password. Its tokens are spent before, so that guesses sent at once count as well, and given
    /// back unless the password was wrong.
    private func countingFailures<Value: Sendable>(
        of subject: RateLimits.Subject, from context: RequestEnvironment, _ body: () async throws -> Value
    ) async throws -> Value {
        try limits.spend(.failedLogIns, of: subject)
        do {
            try limits.spend(.failedLogInsOfAddress, of: .address(context.client))
        } catch {
            limits.giveBack(.failedLogIns, of: subject)
            throw error
        }
        let giveBack = {
            limits.giveBack(.failedLogIns, of: subject)
            limits.giveBack(.failedLogInsOfAddress, of: .address(context.client))
        }
        do {
            let value = try await body()
            giveBack()
            return value
        } catch {
            if (error as? ChatError)?.code != .invalidCredentials { giveBack() }
            throw error
        }
    }

    private struct Refresh: Decodable {
        var refreshToken: String?
    }

    @Sendable private func refresh(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try cookie.check(request, context)
        let token: String?
        if cookie.isWanted(by: request) {
            token = cookie.read(request)
        } else {
            token = try await request.json(Refresh.self).refreshToken
        }
        guard let token else { throw ChatError(.unauthenticated, "refreshToken: is missing", field: "refreshToken") }
        return try await answer(try await accounts.refresh(token), to: request, context)
    }

    @Sendable private func logOut(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let caller = try context.requiredCaller
        try await accounts.logOut(user: caller.user, session: caller.session)
        var response = Response.noContent
        if cookie.read(request) != nil { cookie.clear(&response, context) }
        return response
    }

    @Sendable private func me(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try .json(try await accounts.me(try context.requiredCaller.user))
    }

    @Sendable private func change(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let caller = try context.requiredCaller
        try await people.update(caller.user, try await request.json())
        return try .json(try await accounts.me(caller.user))
    }

    private struct PasswordChange: Decodable {
        var currentPassword: String
        var newPassword: String
    }

    @Sendable private func changePassword(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let caller = try context.requiredCaller
        let body = try await request.json(PasswordChange.self)
        try await countingFailures(of: .user(caller.user), from: context) {
            try await accounts.changePassword(
                of: caller.user, session: caller.session, current: body.currentPassword, new: body.newPassword)
        }
        return .noContent
    }

    private struct SessionList: Encodable {
        var sessions: [Session]
    }

    @Sendable private func listSessions(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let caller = try context.requiredCaller
        return try .json(
            SessionList(sessions: try await accounts.sessions(of: caller.user, current: caller.session)))
    }

    @Sendable private func endSession(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try await accounts.endSession(context.id(of: Session.self), of: try context.requiredCaller.user)
        return .noContent
    }

    private struct SessionAnswer: Encodable {
        var user: User
        var accessToken: String
        /// Seconds.
        var expiresIn: Int
        var refreshToken: String?
    }

    private func answer(
        _ signedIn: SignedIn, to request: Request, _ context: RequestEnvironment, status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        let inCookie = cookie.isWanted(by: request)
        var response = try Response.json(
            SessionAnswer(
                user: signedIn.user, accessToken: try await tokens.issue(for: signedIn),
                expiresIn: Int(AccessGate.tokenLifetime), refreshToken: inCookie ? nil : signedIn.refreshToken),
            status: status)
        if inCookie { cookie.set(signedIn.refreshToken, on: &response, context) }
        return response
    }
}
