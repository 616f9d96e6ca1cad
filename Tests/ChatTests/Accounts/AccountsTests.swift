import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import Chat

/// Accounts and sessions. Checking a password takes a moment, so the tests are few and long.
@Suite(.serialized) struct AccountsTests {
    private static let password = "correct horse battery"
    private let origin = SignInOrigin(source: [127, 0, 0, 1], isKnown: false, userAgent: "a test\u{7}")

    /// The sessions whose connections are closed because the session was revoked. One may be ordered twice: the database
    /// notifies of it, too.
    private func ended(_ orders: [ConnectionOrder]) -> Set<SessionID> {
        Set(orders.compactMap { if case .closeSession(let session, .sessionRevoked) = $0 { session } else { nil } })
    }

    @Test func registeringAndLoggingIn() async throws {
        try await TestChat.run { test in
            let accounts = test.chat.accounts
            let registered = try await accounts.register(
                username: "Ana.B", password: Self.password, displayName: nil, from: origin)
            #expect(registered.user.username == "ana.b")
            #expect(registered.user.displayName == "ana.b")
            func register(_ name: String, _ password: String) async throws -> ChatError.Code? {
                try await refusal {
                    _ = try await accounts.register(username: name, password: password, displayName: nil, from: origin)
                }
            }
            #expect(try await register("ANA.B", Self.password) == .usernameTaken)
            #expect(try await register("no name", Self.password) == .validationFailed)
            #expect(try await register("bo", "short") == .validationFailed)
            #expect(try await register("bo.the.second", "bo.the.second") == .validationFailed)
            func logIn(_ name: String, _ password: String) async throws -> ChatError.Code? {
                try await refusal { _ = try await accounts.logIn(username: name, password: password, from: origin) }
            }
            #expect(try await logIn("Ana.B", Self.password) == nil)
            #expect(try await logIn("ana.b", Self.password + "x") == .invalidCredentials)
            #expect(try await logIn("nobody", Self.password) == .invalidCredentials)
            #expect(try await logIn("no name", Self.password) == .invalidCredentials)
            try await test.database.ban(registered.user.id)
            #expect(try await logIn("ana.b", Self.password) == .banned)
            #expect(try await logIn("ana.b", "a wrong one") == .invalidCredentials, "a guess is told nothing of a ban")
        }
    }

    @Test func aNewPasswordEndsTheOtherSessions() async throws {
        try await TestChat.run { test in
            let accounts = test.chat.accounts
            let here = try await accounts.register(
                username: "ana", password: Self.password, displayName: nil, from: origin)
            let there = try await accounts.logIn(username: "ana", password: Self.password, from: origin)
            let sessions = try await accounts.sessions(of: here.user.id, current: here.sessionID)
            #expect(Set(sessions.map(\.id)) == [here.sessionID, there.sessionID])
            #expect(sessions.first { $0.id == here.sessionID }?.current == true)
            #expect(sessions.allSatisfy { $0.userAgent == "a test" }, "without control characters")
            func change(_ current: String, _ new: String) async throws -> ChatError.Code? {
                try await refusal {
                    try await accounts.changePassword(
                        of: here.user.id, session: here.sessionID, current: current, new: new, from: [])
                }
            }
            #expect(try await change("a wrong one", "another good phrase") == .invalidCredentials)
            #expect(try await change(Self.password, "password") == .validationFailed)
            #expect(ended(test.events.takeOrders()).isEmpty)
            #expect(try await change(Self.password, "another good phrase") == nil)
            #expect(ended(test.events.takeOrders()) == [there.sessionID])
            #expect(try await refusal { _ = try await accounts.refresh(there.refreshToken) } == .sessionRevoked)
            #expect(try await refusal { _ = try await accounts.refresh(here.refreshToken) } == nil)
            #expect(
                try await refusal {
                    _ = try await accounts.logIn(username: "ana", password: Self.password, from: origin)
                } == .invalidCredentials)
        }
    }

    @Test func reusedTokenEndsTheSession() async throws {
        try await TestChat.run { test in
            let accounts = test.chat.accounts
            let first = try await accounts.register(
                username: "ana", password: Self.password, displayName: nil, from: origin)
            let second = try await accounts.refresh(first.refreshToken)
            #expect(second.sessionID == first.sessionID)
            #expect(second.refreshToken != first.refreshToken)
            let again = try await accounts.refresh(first.refreshToken)
            #expect(again.refreshToken == second.refreshToken, "two tabs get the same one")
            func age(_ seconds: Int) async throws {
                _ = try await test.database.client.query(
                    "UPDATE refresh_tokens SET spent_at = spent_at - make_interval(secs => \(Double(seconds)))")
            }
            // The answer may have been lost: nobody has used the successor.
            try await age(3600)
            #expect(try await accounts.refresh(first.refreshToken).refreshToken == second.refreshToken)
            let third = try await accounts.refresh(second.refreshToken)
            #expect(try await refusal { _ = try await accounts.refresh(first.refreshToken) } == .sessionRevoked)
            #expect(ended(test.events.takeOrders()) == [first.sessionID])
            #expect(try await refusal { _ = try await accounts.refresh(third.refreshToken) } == .sessionRevoked)
            #expect(try await refusal { _ = try await accounts.refresh("made up") } == .unauthenticated)
            #expect(
                try await refusal { _ = try await accounts.refresh(String(repeating: "x", count: 10_000)) }
                    == .unauthenticated)
        }
    }

    @Test func onlyTheUserEndsTheirSession() async throws {
        try await TestChat.run { test in
            let accounts = test.chat.accounts
            let ana = try await accounts.register(
                username: "ana", password: Self.password, displayName: nil, from: origin)
            let bo = try await test.database.person("bob")
            #expect(try await refusal { try await accounts.endSession(ana.sessionID, of: bo) } == .notFound)
            #expect(try await accounts.logOut(refreshToken: ana.refreshToken))
            #expect(ended(test.events.takeOrders()) == [ana.sessionID])
            #expect(try await accounts.logOut(refreshToken: ana.refreshToken), "it is known, and ended already")
            #expect(ended(test.events.takeOrders()).isSubset(of: [ana.sessionID]))
            #expect(try await !accounts.logOut(refreshToken: "made up"))
            #expect(try await refusal { try await accounts.endSession(ana.sessionID, of: ana.user.id) } == .notFound)
        }
    }
}
