import ChatModel
import ChatTesting
import Foundation
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct PresenceStoreTests {
    private func present(_ database: TestDatabase) async throws -> Set<UserID> {
        Set(try await database.client.query("SELECT user_id FROM presence").map { UserID(try $0.decode("user_id")) })
    }

    private func lastSeen(_ user: UserID, _ database: TestDatabase) async throws -> Date? {
        try await database.stores.users.find(user)?.lastSeenAt
    }

    @Test func lastChangeOfEachUserIsWritten() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let store = database.stores.presence
            let seen = Date(timeIntervalSince1970: 1_700_000_000)
            #expect(try await store.write([.came(ana), .came(bo), .left(bo, seen), .came(.make())]) == [])
            #expect(try await present(database) == [ana])
            #expect(try await lastSeen(bo, database) == seen)
            #expect(try await lastSeen(ana, database) == nil)
            _ = try await store.write([.left(ana, seen), .came(ana)])
            #expect(try await present(database) == [ana])
            _ = try await store.write([.left(bo, seen - 60)])
            #expect(try await lastSeen(bo, database) == seen, "never earlier than it was")
        }
    }

    @Test func lockedRowIsSkippedAndReported() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            try await database.client.withTransaction { transaction in
                _ = try await transaction.query("SELECT 1 FROM users WHERE id = \(ana.uuid) FOR UPDATE")
                #expect(try await database.stores.presence.write([.left(ana, Date()), .left(bo, Date())]) == [ana])
            }
            #expect(try await lastSeen(ana, database) == nil)
            #expect(try await lastSeen(bo, database) != nil)
        }
    }

    /// Two servers write arrivals and departures of the same people, each in an order of its own.
    @Test func twoWritersOfTheSamePeopleNeverDeadlock() async throws {
        try await TestDatabase.run { database in
            let people = try await database.people(30)
            @Sendable func write(_ server: TestDatabase) async throws {
                for _ in 1...80 {
                    let changes = people.shuffled().map {
                        Bool.random() ? PresenceStore.Change.came($0) : .left($0, Date())
                    }
                    _ = try await server.stores.presence.write(changes)
                }
            }
            try await database.onAnotherServer { one in
                try await database.onAnotherServer { other in
                    async let first: Void = write(one)
                    async let second: Void = write(other)
                    _ = try await (first, second)
                }
            }
        }
    }

    /// After a crash, users who were connected were last seen when the server last renewed its lease.
    @Test func aNewServerTakesOver() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let store = database.stores.presence
            try await store.renewLease()
            _ = try await store.write([.came(ana)])
            try await store.takeOver()
            #expect(try await present(database) == [])
            #expect(try await lastSeen(ana, database) != nil)
        }
    }
}
