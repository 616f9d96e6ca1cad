import ChatModel
import ChatStore
import ChatTesting
import Foundation
import PostgresClient
import Testing

@testable import Chat

@Suite struct PresenceTests {
    /// It could not be removed in its time, and would let the others take somebody for online for ever.
    @Test func aRowOfNobodyWhoIsHereIsRemoved() async throws {
        try await TestChat.run { test in
            let (ana, bo) = (try await test.database.person(), try await test.database.person())
            let presence = test.chat.presence
            let node = test.chat.nodes.identity.epoch
            _ = presence.enter(ana)
            for user in [ana, bo] {
                try await test.database.client.query(
                    "INSERT INTO node_presence (node_id, user_id) VALUES (\(node), \(user)) ON CONFLICT DO NOTHING")
            }
            var left: Set<UserID> = []
            repeat {
                try await presence.load(without: [])
                left = Set(try await test.database.stores.presence.rows().map(\.user))
                await Task.yield()
            } while left != [ana]
        }
    }

    private struct Told: Equatable {
        var user: UserID
        var status: User.Status
        var audience: Set<UserID>
    }

    private func told(_ test: TestChat) -> [Told] {
        test.events.take().compactMap {
            guard case .userStatus(let user, let status, _, let audience) = $0 else { return nil }
            return Told(user: user, status: status, audience: Set(audience))
        }
    }

    @Test func aUserIsOnlineUntilTheLastDeviceIsGone() async throws {
        try await TestChat.run { test in
            let presence = test.chat.presence
            let ana = try await test.database.person()
            #expect(presence.enter(ana), "the first device")
            #expect(!presence.enter(ana))
            #expect(!presence.leave(ana))
            #expect(presence.isOnline(ana))
            #expect(presence.leave(ana), "the last device")
            #expect(!presence.isOnline(ana))
            #expect(!presence.leave(ana), "one too many changes nothing")
            #expect(presence.count == 0)
        }
    }

    @Test func onlineUsersOfSharedConversationsAreTold() async throws {
        try await TestChat.run { test in
            let presence = test.chat.presence
            let people = try await test.database.people(4)
            let (ana, bo, cleo, dana) = (people[0], people[1], people[2], people[3])
            _ = try await test.database.direct(ana, bo)
            _ = try await test.database.direct(ana, cleo)
            for person in [bo, dana] { _ = presence.enter(person) }
            #expect(try await presence.announceArrival(of: ana, first: presence.enter(ana)) == [bo])
            #expect(told(test) == [Told(user: ana, status: .online, audience: [bo])])
            #expect(try await presence.announceArrival(of: ana, first: presence.enter(ana)) == [bo])
            #expect(told(test) == [], "another device is no news")
            _ = presence.leave(ana)
            await presence.announceDeparture(of: ana)
            #expect(told(test) == [], "one device is still there")
            _ = presence.leave(ana)
            let now = Date(timeIntervalSince1970: 1_700_000_000)
            await presence.announceDeparture(of: ana, now: now)
            #expect(told(test) == [Told(user: ana, status: .offline, audience: [bo])])
            #expect(try await test.chat.people.find(ana, for: bo).lastSeenAt == now)
        }
    }

    /// The other servers read who is here, so an arrival that is not written would be an absence for ever.
    @Test func anArrivalThatCouldNotBeWrittenIsWrittenLater() async throws {
        try await TestChat.run { test in
            let presence = test.chat.presence
            let people = try await test.database.people(2)
            let (ana, bo) = (people[0], people[1])
            func isRecorded() async throws -> Bool {
                // Written after what was to be written before it.
                await presence.announceDeparture(of: bo)
                return try await !test.database.client.query(
                    "SELECT 1 FROM node_presence WHERE user_id = \(ana)"
                ).isEmpty
            }
            try await test.database.client.query("ALTER TABLE node_presence RENAME TO away")
            _ = presence.enter(ana)
            await presence.announceDeparture(of: bo)
            try await test.database.client.query("ALTER TABLE away RENAME TO node_presence")
            await presence.settle()
            #expect(try await isRecorded())
            // As where the user's row was locked.
            try await test.database.client.query("DELETE FROM node_presence")
            try await presence.load(without: [])
            #expect(try await isRecorded())
        }
    }

    @Test func whoIsSentAwayIsNotOffline() async throws {
        try await TestChat.run { test in
            let presence = test.chat.presence
            let people = try await test.database.people(2)
            let (ana, bo) = (people[0], people[1])
            _ = try await test.database.direct(ana, bo)
            for person in people { _ = presence.enter(person) }
            presence.sendAway(true)
            #expect(presence.leave(ana))
            await presence.announceDeparture(of: ana)
            #expect(told(test) == [] && presence.isOnline(ana))
            presence.hear(["+\(ana)"], on: 2, counter: 1)
            presence.hear(["-\(ana)"], on: 2, counter: 2)
            #expect(presence.isOnline(ana), "as long as nobody knows better")
        }
    }

    @Test func blockHidesPresenceUntilItIsTakenBack() async throws {
        try await TestChat.run { test in
            let presence = test.chat.presence
            let people = try await test.database.people(2)
            let (ana, bo) = (people[0], people[1])
            _ = try await test.database.direct(ana, bo)
            for person in people { _ = presence.enter(person) }
            try await test.chat.blocks.block(bo, by: ana)
            #expect(
                told(test) == [
                    Told(user: ana, status: .offline, audience: [bo]),
                    Told(user: bo, status: .offline, audience: [ana]),
                ])
            try await test.chat.blocks.unblock(bo, by: ana)
            #expect(
                told(test) == [
                    Told(user: ana, status: .online, audience: [bo]), Told(user: bo, status: .online, audience: [ana]),
                ])
        }
    }
}
