import ChatModel
import ChatStore
import ChatTesting
import Foundation
import PostgresClient
import Testing

@testable import Chat

@Suite struct RevocationListTests {
    private func refusal(_ list: RevocationList, _ user: UserID, _ session: SessionID, now: Date = Date()) -> ChatError
        .Code?
    {
        do {
            try list.check(user: user, session: session, now: now)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func anAddedSessionIsRefusedAndForgottenWhenItsTokensHaveExpired() async throws {
        try await TestDatabase.run { database in
            let list = RevocationList(stores: database.stores)
            let (user, session, later) = (UserID.make(), SessionID.make(), SessionID.make())
            let now = Date()
            #expect(refusal(list, user, session) == nil)
            list.add([session], now: now)
            #expect(refusal(list, user, session) == .sessionRevoked)
            #expect(refusal(list, user, .make()) == nil)
            list.add([later], now: now + RevocationList.tokenLifetime - 1)
            #expect(refusal(list, user, session) == .sessionRevoked)
            list.add([later], now: now + RevocationList.tokenLifetime + 1)
            #expect(refusal(list, user, session) == nil)
            #expect(refusal(list, user, later) == .sessionRevoked)
        }
    }

    @Test func theDatabaseSaysWhatWasRevokedLately() async throws {
        try await TestDatabase.run { database in
            let list = RevocationList(stores: database.stores)
            let ana = try await database.person()
            let (lately, longAgo, open) = (SessionID.make(), SessionID.make(), SessionID.make())
            for id in [lately, longAgo, open] {
                try await database.stores.sessions.insert(id, user: ana, userAgent: "test", token: "\(id)")
            }
            try await database.client.query("UPDATE sessions SET revoked_at = now() WHERE id = \(lately)")
            try await database.client.query(
                "UPDATE sessions SET revoked_at = now() - interval '1 hour' WHERE id = \(longAgo)")
            let news = try await list.reload()
            #expect(news.revoked == [lately])
            #expect([lately, longAgo, open].map { refusal(list, ana, $0) } == [.sessionRevoked, nil, nil])
        }
    }

    @Test func aClosedAccountIsRefusedUntilItsBanEnds() async throws {
        try await TestDatabase.run { database in
            let list = RevocationList(stores: database.stores)
            let (ana, bo) = (try await database.person(), try await database.person())
            try await database.ban(ana)
            try await database.client.query(
                """
                UPDATE users SET banned_at = now(), banned_until = now() + interval '1 hour' WHERE id = \(bo)
                """)
            #expect(try await list.reload().changed == [ana, bo])
            #expect(try await list.reload().changed.isEmpty)
            let session = SessionID.make()
            #expect(refusal(list, ana, session) == .banned && list.isClosed(ana))
            #expect(refusal(list, bo, session) == .banned && list.isClosed(bo))
            let tomorrow = Date() + 24 * 3600
            #expect(refusal(list, ana, session, now: tomorrow) == .banned)
            #expect(refusal(list, bo, session, now: tomorrow) == nil && !list.isClosed(bo, now: tomorrow))
            try await database.client.query("UPDATE users SET banned_at = NULL WHERE id = \(ana)")
            #expect(try await list.reload().changed == [ana])
            #expect(refusal(list, ana, session) == nil)
        }
    }
}
