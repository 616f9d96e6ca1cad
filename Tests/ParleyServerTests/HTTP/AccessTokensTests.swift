import ChatModel
import ChatTesting
import Crypto
import Foundation
import Testing

@testable import Chat
@testable import ParleyServer

@Suite struct AccessTokensTests {
    private func key(_ text: String) -> SymmetricKey {
        SymmetricKey(data: Data(repeating: text.utf8.first ?? 0, count: 32))
    }

    private let caller = Caller(user: .make(), session: .make())

    private var signedIn: SignedIn {
        var user = Samples.user
        user.id = caller.user
        return SignedIn(user: user, sessionID: caller.session, refreshToken: "")
    }

    private func refusal(_ tokens: AccessTokens, _ token: String, now: Date = Date()) async -> ChatError.Code? {
        do {
            _ = try await tokens.verify(token, now: now)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func aTokenNamesItsUserAndSessionForAQuarterOfAnHour() async throws {
        try await TestDatabase.run { database in
            let tokens = await AccessTokens(
                secret: key("a"), previous: nil, revocations: RevocationList(stores: database.stores))
            let now = Date(timeIntervalSince1970: 2_000_000_000)
            let token = try await tokens.issue(for: signedIn, now: now)
            #expect(try await tokens.verify(token, now: now + 899) == caller)
            // It is remembered by now, and no longer than it lasts.
            #expect(try await tokens.verify(token, now: now + 899) == caller)
            #expect(await refusal(tokens, token, now: now + 901) == .tokenExpired)
            #expect(try await tokens.owner(of: token) == caller, "who logs out may come late")
        }
    }

    @Test func onlyThisServersTokensAreTaken() async throws {
        try await TestDatabase.run { database in
            let revocations = RevocationList(stores: database.stores)
            let tokens = await AccessTokens(secret: key("b"), previous: key("a"), revocations: revocations)
            let old = await AccessTokens(secret: key("a"), previous: nil, revocations: revocations)
            let other = await AccessTokens(secret: key("c"), previous: nil, revocations: revocations)
            let (before, foreign) = (try await old.issue(for: signedIn), try await other.issue(for: signedIn))
            let token = try await tokens.issue(for: signedIn)
            #expect(try await tokens.verify(before) == caller, "of the secret before")
            #expect(await refusal(tokens, foreign) == .unauthenticated)
            #expect(await refusal(old, token) == .unauthenticated)
            for wrong in ["", "nonsense", String(token.dropLast()), token + ".x", String(repeating: "a", count: 5000)] {
                #expect(await refusal(tokens, wrong) == .unauthenticated)
            }
        }
    }

    @Test func aRevokedSessionsTokenIsRefusedThoughItIsRemembered() async throws {
        try await TestDatabase.run { database in
            let revocations = RevocationList(stores: database.stores)
            let tokens = await AccessTokens(secret: key("a"), previous: nil, revocations: revocations)
            let token = try await tokens.issue(for: signedIn)
            #expect(await refusal(tokens, token) == nil)
            revocations.add([caller.session])
            #expect(await refusal(tokens, token) == .sessionRevoked)
        }
    }
}
