import Chat
import ChatModel
import Foundation
import HTTPTypes
import Hummingbird

/// `/auth`: accounts and sessions.
struct AuthRoutes: RouteGroup {
    let accounts: Accounts
    let people: UserDirectory
    let tokens: AccessTokens
    let cookie: RefreshCookie
    let devices: DeviceCookie
    let limits: LogInLimits

    static let endpoints: [Endpoint<AuthRoutes>] = [
        .init(.post, "/auth/register", .register, signUp),
        .init(.post, "/auth/login", .logIn, logIn),
        .init(.post, "/auth/refresh", .refresh, refresh),
        .init(.post, "/auth/logout", .logOut, logOut),
        .init(.get, "/auth/me", .me, me),
        .init(.patch, "/auth/me", .changeMe, change),
        .init(.post, "/auth/password", .changePassword, changePassword),
        .init(.get, "/auth/sessions", .listSessions, listSessions),
        .init(.delete, "/auth/sessions/:id", .endSession, endSession),
    ]

    private struct Registration: Decodable {
        var username: String
        var password: String
        var displayName: String?
    }

    @Sendable private func signUp(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try cookie.check(request, context)
        let body = try await request.json(Registration.self)
        let attempt = attempt(for: body.username, request, context)
        let signedIn = try await limits.register(from: attempt.address) {
            try await accounts.register(
                username: body.username, password: body.password, displayName: body.displayName,
                from: origin(of: attempt, request))
        }
        return try await welcome(signedIn, to: request, context, status: .created)
    }

    private struct LogIn: Decodable {
        var username: String
        var password: String
    }

    @Sendable private func logIn(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try cookie.check(request, context)
        let body = try await request.json(LogIn.self)
        let attempt = attempt(for: body.username, request, context)
        let signedIn = try await limits.logIn(attempt) {
            try await accounts.logIn(
                username: body.username, password: body.password, from: origin(of: attempt, request))
        }
        return try await welcome(signedIn, to: request, context)
    }

    /// Answers a user who has just proved who they are.
    private func welcome(
        _ signedIn: SignedIn, to request: Request, _ context: RequestEnvironment, status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        limits.signedIn(signedIn.user.username, from: context.client)
        // The session whose cookie is replaced is lost from here on, and so ends.
        if cookie.isWanted(by: request), let replaced = cookie.read(request, context) {
            _ = try? await accounts.logOut(refreshToken: replaced)
        }
        return try await answer(signedIn, to: request, context, status: status)
    }

    private func attempt(
        for username: String, _ request: Request, _ context: RequestEnvironment
    ) -> LogInLimits.Attempt {
        let name = Accounts.userName(username)
        return .init(
            name: name, address: context.client, device: name.flatMap { devices.device(of: $0, in: request, context) })
    }

    private func origin(of attempt: LogInLimits.Attempt, _ request: Request) -> SignInOrigin {
        SignInOrigin(
            source: attempt.address.bytes, isKnown: limits.isKnown(attempt),
            userAgent: request.headers[.userAgent] ?? "")
    }

    private struct Refresh: Decodable {
        var refreshToken: String?
    }

    @Sendable private func refresh(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try cookie.check(request, context)
        let token: String?
        if cookie.isWanted(by: request) {
            token = cookie.read(request, context)
        } else {
            token = try await request.json(Refresh.self).refreshToken
        }
        guard let token else { throw ChatError(.unauthenticated, "refreshToken: is missing", field: "refreshToken") }
        var response = try await answer(try await accounts.refresh(token), to: request, context, status: .ok)
        if cookie.isWanted(by: request) { cookie.clearOld(request, on: &response, context) }
        return response
    }

    /// The cookie is cleared whatever else happens.
    @Sendable private func logOut(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try cookie.check(request, context)
        var response: Response
        do {
            try await endSessions(of: request, context)
            response = .noContent
        } catch {
            response = Problem(error, logger: context.logger).response
        }
        if cookie.isWanted(by: request) || cookie.read(request, context) != nil {
            cookie.clear(request, on: &response, context)
        }
        return response
    }

    /// Ends the session of the request's access token, which may have expired, and that of its refresh token. A session
    /// that has ended already is no error: the first answer may have been lost.
    /// - Throws: `unauthenticated` where neither is this server's.
    private func endSessions(of request: Request, _ context: RequestEnvironment) async throws {
        var isKnown = false
        if let bearer = RequestAdmission.bearer(request.headers), let owner = try? await tokens.owner(of: bearer) {
            try await accounts.logOut(user: owner.user, session: owner.session)
            isKnown = true
        }
        var refreshToken: String?
        if cookie.isWanted(by: request) {
            refreshToken = cookie.read(request, context)
        } else if !isKnown {
            refreshToken = try await request.jsonIfAny(Refresh.self)?.refreshToken
        }
        if let refreshToken, try await accounts.logOut(refreshToken: refreshToken) { isKnown = true }
        guard isKnown else {
            throw ChatError(.unauthenticated, "an access token or a refresh token of this server is needed")
        }
    }

    @Sendable private func me(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        .json(try await accounts.me(caller.user))
    }

    @Sendable private func change(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        try await people.update(caller.user, try await request.json(ProfileRequest.self).profile)
        return .json(try await accounts.me(caller.user))
    }

    private struct PasswordChange: Decodable {
        var currentPassword: String
        var newPassword: String
    }

    @Sendable private func changePassword(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        let body = try await request.json(PasswordChange.self)
        try await limits.confirm(caller.user, from: context.client) {
            try await accounts.changePassword(
                of: caller.user, session: caller.session, current: body.currentPassword, new: body.newPassword,
                from: context.client.bytes)
        }
        return .noContent
    }

    @Sendable private func listSessions(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        return .json(
            SessionList(sessions: try await accounts.sessions(of: caller.user, current: caller.session)))
    }

    @Sendable private func endSession(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        try await accounts.endSession(context.id(of: Session.self), of: caller.user)
        return .noContent
    }

    private func answer(
        _ signedIn: SignedIn, to request: Request, _ context: RequestEnvironment, status: HTTPResponse.Status
    ) async throws -> Response {
        let inCookie = cookie.isWanted(by: request)
        var response = Response.json(
            SignInAnswer(
                user: signedIn.user, accessToken: try await tokens.issue(for: signedIn),
                expiresIn: Int(RevocationList.tokenLifetime), refreshToken: inCookie ? nil : signedIn.refreshToken),
            status: status)
        // Compressed, the tokens' length would tell of them: neither this server nor a proxy may.
        response.headers[.cacheControl] = "no-store, no-transform"
        if inCookie {
            cookie.set(signedIn.refreshToken, on: &response, context)
            devices.set(
                for: signedIn.user.username, on: &response, to: request, context)
        }
        return response
    }
}
