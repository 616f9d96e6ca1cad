import ChatModel
import ChatStore
import ChatTesting
import Foundation
import PostgresClient
import Testing

@testable import Chat

@Suite(.timeLimit(.minutes(5))) struct RevocationListTests {
    private func refusal(
        _ list: RevocationList, _ user: UserID, _ session: SessionID, now: Date = Date()
    ) async -> ChatError.Code? {
        do {
            try await list.check(user: user, session: session, now: now)
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
            #expect(await refusal(list, user, session) == nil)
            list.add([session], now: now)
            #expect(await refusal(list, user, session) == .sessionRevoked)
            #expect(await refusal(list, user, .make()) == nil)
            list.add([later], now: now + RevocationList.tokenLifetime - 1)
            #expect(await refusal(list, user, session) == .sessionRevoked)
            list.add([later], now: now + RevocationList.tokenLifetime + 1)
            #expect(await refusal(list, user, session) == nil)
            #expect(await refusal(list, user, later) == .sessionRevoked)
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
            #expect(await refusal(list, ana, lately) == .sessionRevoked)
            #expect(await refusal(list, ana, longAgo) == nil)
            #expect(await refusal(list, ana, open) == nil)
        }
    }

    /// A server that was frozen for an hour still has the sockets of sessions that were ended meanwhile.
    @Test func whatWasRevokedSinceTheLastReadingIsFoundHoweverLongAgo() async throws {
        try await TestDatabase.run { database in
            let list = RevocationList(stores: database.stores)
            let ana = try await database.person()
            let (before, meanwhile) = (SessionID.make(), SessionID.make())
            _ = try await list.reload(now: Date() - 3600)
            for (id, minutes) in [(before, 70), (meanwhile, 50)] {
                try await database.stores.sessions.insert(id, user: ana, userAgent: "test", token: "\(id)")
                try await database.client.query(
                    "UPDATE sessions SET revoked_at = now() - \(minutes) * interval '1 minute' WHERE id = \(id)")
            }
            #expect(try await list.reload().revoked == [meanwhile])
            #expect(try await list.reload().revoked == [])
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
            #expect(await refusal(list, ana, session) == .banned && list.isClosed(ana))
            #expect(await refusal(list, bo, session) == .banned && list.isClosed(bo))
            let tomorrow = Date() + 24 * 3600
            #expect(await refusal(list, ana, session, now: tomorrow) == .banned)
            #expect(await refusal(list, bo, session, now: tomorrow) == nil && !list.isClosed(bo, now: tomorrow))
            try await database.client.query("UPDATE users SET banned_at = NULL WHERE id = \(ana)")
            #expect(try await list.reload().changed == [ana])
            #expect(await refusal(list, ana, session) == nil)
        }
    }

    // MARK: Waiting

    /// A list whose tokens wait until the stream has a value.
    private func list(_ database: TestDatabase) -> (RevocationList, AsyncStream<Void>.Continuation) {
        let (times, time) = AsyncStream.makeStream(of: Void.self)
        return (RevocationList(stores: database.stores) { for await _ in times { return } }, time)
    }

    private func wait(for count: Int, _ list: RevocationList) async throws {
        while list.waiting < count { try await Task.sleep(for: .milliseconds(1)) }
    }

    /// Another server cut somebody who was banned, and they come here before this one has read it.
    @Test func aTokenWaitsForAReadingThatIsUnderWay() async throws {
        try await TestDatabase.run { database in
            let (list, time) = list(database)
            defer { time.finish() }
            let (ana, bo) = (try await database.person(), try await database.person())
            try await database.ban(ana)
            let reading = try await database.client.withTransaction { transaction in
                try await transaction.query("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
                let reading = Task { _ = try await list.reload() }
                try await database.waitForLocks(1)
                let checks = [ana, bo].map { user in Task { await refusal(list, user, .make()) } }
                try await wait(for: 2, list)
                return (reading, checks)
            }
            try await reading.0.value
            #expect(await reading.1[0].value == .banned)
            #expect(await reading.1[1].value == nil)
            #expect(list.waiting == 0)
        }
    }

    /// A reading that began before the notification does not say what it tells of.
    @Test func aTokenWaitsFromTheNotificationOn() async throws {
        try await TestDatabase.run { database in
            let (list, time) = list(database)
            defer { time.finish() }
            let ana = try await database.person()
            #expect(list.note(.accounts))
            let check = Task { await refusal(list, ana, .make()) }
            try await wait(for: 1, list)
            try await database.ban(ana)
            try await list.reload()
            #expect(await check.value == .banned)
            #expect(await refusal(list, .make(), .make()) == nil, "it has been read")
        }
    }

    @Test func theEndOfASessionKeepsOnlyItsOwnTokensWaiting() async throws {
        try await TestDatabase.run { database in
            let (list, time) = list(database)
            defer { time.finish() }
            let (ana, session) = (UserID.make(), SessionID.make())
            #expect(list.note(.ended(session)))
            #expect(await refusal(list, ana, .make()) == nil)
            let check = Task { await refusal(list, ana, session) }
            try await wait(for: 1, list)
            let work = try #require(list.takeUnread())
            #expect(work.sessions == [session] && !work.isEverything)
            list.add([session])
            list.finish(work.last)
            #expect(await check.value == .sessionRevoked)
            #expect(!list.note(.ended(session)), "it is known")
        }
    }

    /// The database may not answer.
    @Test func noTokenWaitsForever() async throws {
        try await TestDatabase.run { database in
            let (list, time) = list(database)
            defer { time.finish() }
            #expect(list.note(.accounts))
            let check = Task { await refusal(list, .make(), .make()) }
            try await wait(for: 1, list)
            time.yield()
            #expect(await check.value == nil)
            #expect(list.takeUnread()?.isEverything == true, "it is to be read all the same")
        }
    }
}
