import ChatModel
import ChatStore
import ChatTesting
import PostgresClient
import Testing

@testable import Chat

@Suite struct SessionWatchTests {
    /// Waits until one of the recorded orders is as told.
    private func wait(_ test: TestChat, for isIt: (ConnectionOrder) -> Bool) async throws {
        while !test.events.takeOrders().contains(where: isIt) { try await Task.sleep(for: .milliseconds(5)) }
    }

    private func isRefused(_ test: TestChat, _ user: UserID, _ session: SessionID) async -> Bool {
        (try? await test.chat.accounts.revocations.check(user: user, session: session)) == nil
    }

    @Test func whatAnotherServerEndsIsClosedAndRefusedHere() async throws {
        try await TestChat.run { test in
            let ana = try await test.database.person()
            let (first, second) = (SessionID.make(), SessionID.make())
            for id in [first, second] {
                try await test.database.stores.sessions.insert(id, user: ana, userAgent: "", token: "\(id)")
            }
            try await test.database.onAnotherServer { other in
                #expect(try await other.stores.sessions.revoke(first, of: ana))
                try await wait(test) { if case .closeSession(first, .sessionRevoked) = $0 { true } else { false } }
                #expect(await isRefused(test, ana, first))
                #expect(await !isRefused(test, ana, second))
                try await other.stores.users.disable(ana)
                try await wait(test) { if case .closeAccount(ana, nil) = $0 { true } else { false } }
                #expect(await isRefused(test, ana, second))
            }
        }
    }

    /// Until it has been read, its tokens have to wait.
    @Test func whatArrivesWhileSomethingElseIsReadIsNoted() async throws {
        try await TestChat.run { test in
            let session = SessionID.make()
            let list = test.chat.accounts.revocations
            try await test.database.onAnotherServer { other in
                try await test.database.client.withTransaction { transaction in
                    try await transaction.query("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
                    try await other.client.query("SELECT pg_notify('parley_sessions', '')")
                    try await test.database.waitForLocks(1)
                    try await other.client.query("SELECT pg_notify('parley_sessions', \("\(session)"))")
                    var unread = list.unread
                    while unread.take()?.sessions != [session] {
                        try await Task.sleep(for: .milliseconds(5))
                        unread = list.unread
                    }
                }
            }
            #expect(await !isRefused(test, .make(), session))
        }
    }

    @Test func aNotificationThatIsNotTrueChangesNothing() async throws {
        try await TestChat.run { test in
            let ana = try await test.database.person()
            let (session, ended) = (SessionID.make(), SessionID.make())
            for id in [session, ended] {
                try await test.database.stores.sessions.insert(id, user: ana, userAgent: "", token: "\(id)")
            }
            try await test.database.onAnotherServer { other in
                try await other.client.query("SELECT pg_notify('parley_sessions', \("\(session)"))")
                try await other.client.query("SELECT pg_notify('parley_sessions', 'nonsense')")
                #expect(try await other.stores.sessions.revoke(ended, of: ana))
                try await wait(test) { order in
                    if case .closeSession(session, _) = order { Issue.record("it goes on") }
                    return if case .closeSession(ended, _) = order { true } else { false }
                }
            }
            #expect(await !isRefused(test, ana, session))
        }
    }
}
