import ChatModel
import ChatTesting
import Foundation
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct SessionStoreTests {
    private func begin(_ database: TestDatabase, _ user: UserID, token: String = UUID().uuidString) async throws
        -> SessionID
    {
        let id = SessionID.make()
        try await database.stores.sessions.insert(id, user: user, userAgent: "test", token: token)
        return id
    }

    @Test func aTokenIsNotStored() async throws {
        try await TestDatabase.run { database in
            _ = try await begin(database, try await database.person(), token: "the token")
            let rows = try await database.client.query("SELECT encode(hash, 'escape') AS hash FROM refresh_tokens")
            #expect(rows.count == 1)
            #expect(try !rows[0].decode("hash", as: String.self).contains("token"))
        }
    }

    @Test func aSpentTokenIsKnownWithItsSuccessor() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let session = try await begin(database, ana, token: "first")
            let sessions = database.stores.sessions
            let before = try await sessions.exchange("first") { exchange in
                let known = try await exchange.lock()
                try await exchange.replace(by: "second", of: session)
                return known
            }
            #expect(before?.session == session)
            #expect(before?.user == ana)
            #expect(before?.spentFor == nil)
            let after = try await sessions.exchange("first") { exchange in
                (
                    try await exchange.lock(),
                    try await exchange.isSpent("first"),
                    try await exchange.isSpent("second"),
                    try await exchange.isSpent("third")
                )
            }
            #expect((after.0?.spentFor ?? -1) >= 0)
            #expect(after.1 == true && after.2 == false && after.3 == nil)
            #expect(try await sessions.owner(of: "second")?.0 == session)
            #expect(try await sessions.owner(of: "third") == nil)
        }
    }

    @Test func theEndOfASessionIsNotifiedWithItsCommit() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let (first, second) = (try await begin(database, ana), try await begin(database, ana))
            var hints = database.stores.sessions.hints().makeAsyncIterator()
            var hint = try await hints.next()
            #expect(hint == .accounts, "the connection is new")
            try await database.onAnotherServer { other in
                #expect(try await other.stores.sessions.revoke(first, of: ana))
                hint = try await hints.next()
                #expect(hint == .ended(first))
                #expect(try await !other.stores.sessions.revoke(first, of: ana), "it has ended before")
                // As an operator does in SQL.
                try await other.moderate("UPDATE sessions SET revoked_at = now() WHERE user_id = \(ana.uuid)")
                hint = try await hints.next()
                #expect(hint == .ended(second))
                try await other.stores.users.disable(ana)
                hint = try await hints.next()
                #expect(hint == .accounts)
                try await other.stores.users.enable(ana)
                hint = try await hints.next()
                #expect(hint == .accounts)
                try await other.moderate("SELECT moderation.ban_user(\("\(ana)"), 'spam')")
                hint = try await hints.next()
                #expect(hint == .accounts)
            }
            #expect(try await database.stores.sessions.hasEnded(first))
            let open = try await begin(database, ana)
            #expect(try await !database.stores.sessions.hasEnded(open))
        }
    }

    @Test func tokenTellsEndedSessionsAndClosedAccounts() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let sessions = database.stores.sessions
            let ended = try await begin(database, ana, token: "ended")
            _ = try await begin(database, bo, token: "banned")
            #expect(try await sessions.revoke(ended, of: bo) == false, "another's session")
            #expect(try await sessions.revoke(ended, of: ana))
            #expect(try await sessions.revoke(ended, of: ana) == false)
            try await database.ban(bo)
            func known(_ token: String) async throws -> TokenExchange.Token? {
                try await sessions.exchange(token) { try await $0.lock() }
            }
            #expect(try await known("ended")?.hasSessionEnded == true)
            #expect(try await known("ended")?.isAccountClosed == false)
            #expect(try await known("banned")?.hasSessionEnded == false)
            #expect(try await known("banned")?.isAccountClosed == true)
            #expect(try await sessions.revoked(since: .distantPast) == [ended])
            #expect(try await sessions.revoked(since: .distantFuture).isEmpty)
            #expect(try await database.stores.users.closed().map(\.id) == [bo])
        }
    }

    @Test func leastRecentlyUsedSessionsBeyondTheLimitEnd() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            var sessions: [SessionID] = []
            for _ in 0..<(SessionStore.maxEach + 2) { sessions.append(try await begin(database, ana)) }
            _ = try await database.client.query(
                "UPDATE sessions SET last_used_at = now() - interval '1 day' WHERE id = ANY(\(sessions[7...8].map(\.uuid)))"
            )
            #expect(Set(try await database.stores.sessions.revokeOldest(of: ana)) == Set(sessions[7...8]))
            #expect(try await database.stores.sessions.revokeOldest(of: ana) == [])
            #expect(try await database.stores.sessions.list(of: ana, current: sessions[0]).count == 50)
        }
    }

    @Test func revokingAllSparesTheCurrentSession() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let (here, there) = (try await begin(database, ana), try await begin(database, ana))
            let others = try await begin(database, bo)
            let sessions = database.stores.sessions
            #expect(try await sessions.revokeAll(of: ana, except: here) == [there])
            #expect(try await sessions.list(of: ana, current: here).map(\.current) == [true])
            #expect(try await sessions.list(of: bo, current: others).map(\.id) == [others])
        }
    }

    @Test func sessionsThatEndedLongAgoAreDeleted() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let sessions = database.stores.sessions
            let (living, lately, long, expired) = (
                try await begin(database, ana), try await begin(database, ana), try await begin(database, ana),
                try await begin(database, ana)
            )
            _ = try await database.client.query("UPDATE sessions SET revoked_at = now() WHERE id = \(lately.uuid)")
            _ = try await database.client.query(
                "UPDATE sessions SET revoked_at = now() - interval '31 days' WHERE id = \(long.uuid)")
            _ = try await database.client.query(
                "UPDATE sessions SET expires_at = now() - interval '31 days' WHERE id = \(expired.uuid)")
            try await sessions.forgetEnded()
            let rows = try await database.client.query("SELECT id FROM sessions")
            #expect(Set(try rows.map { SessionID(try $0.decode("id")) }) == [living, lately])
        }
    }
}
