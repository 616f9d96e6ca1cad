import ChatModel
import ChatTesting
import Foundation
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct PresenceStoreTests {
    private func present(_ database: TestDatabase) async throws -> Set<UserID> {
        Set(
            try await database.client.query("SELECT user_id FROM node_presence").map {
                UserID(try $0.decode("user_id"))
            })
    }

    private func node(_ database: TestDatabase) async throws -> UUID {
        let epoch = UUID()
        _ = try await NodeStore(database: database.client).join(
            NodeAdmission(.test(files: files, sharesFiles: true)), epoch: epoch, ownsDatabase: false)
        return epoch
    }

    private let files = UUID()

    private func lastSeen(_ user: UserID, _ database: TestDatabase) async throws -> Date? {
        try await database.stores.users.find(user)?.lastSeenAt
    }

    @Test func lastChangeOfEachUserIsWritten() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let store = database.stores.presence
            let node = try await node(database)
            let seen = Date(timeIntervalSince1970: 1_700_000_000)
            #expect(try await store.write([.came(ana), .came(bo), .left(bo, seen), .came(.make())], of: node) == [])
            #expect(try await present(database) == [ana])
            #expect(try await lastSeen(bo, database) == seen)
            #expect(try await lastSeen(ana, database) == nil)
            _ = try await store.write([.left(ana, seen), .came(ana)], of: node)
            #expect(try await present(database) == [ana])
            _ = try await store.write([.left(bo, seen - 60)], of: node)
            #expect(try await lastSeen(bo, database) == seen, "never earlier than it was")
        }
    }

    @Test func lockedRowIsSkippedAndReported() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let node = try await node(database)
            try await database.client.withTransaction { transaction in
                _ = try await transaction.query("SELECT 1 FROM users WHERE id = \(ana.uuid) FOR UPDATE")
                #expect(
                    try await database.stores.presence.write([.left(ana, Date()), .left(bo, Date())], of: node) == [ana]
                )
            }
            #expect(try await lastSeen(ana, database) == nil)
            #expect(try await lastSeen(bo, database) != nil)
        }
    }

    /// Two servers write arrivals and departures of the same people, each in an order of its own.
    @Test func twoWritersOfTheSamePeopleNeverDeadlock() async throws {
        try await TestDatabase.run { database in
            let people = try await database.people(30)
            let nodes = [try await node(database), try await node(database)]
            @Sendable func write(_ server: TestDatabase, _ node: UUID) async throws {
                for _ in 1...80 {
                    let changes = people.shuffled().map {
                        Bool.random() ? PresenceStore.Change.came($0) : .left($0, Date())
                    }
                    _ = try await server.stores.presence.write(changes, of: node)
                }
            }
            try await database.onAnotherServer { one in
                try await database.onAnotherServer { other in
                    async let first: Void = write(one, nodes[0])
                    async let second: Void = write(other, nodes[1])
                    _ = try await (first, second)
                }
            }
        }
    }

    /// A server of the version before may run beside this one, and may have crashed.
    @Test func whatAnOlderServerLeftIsTakenOverWhenItIsDead() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let client = database.client
            func rows() async throws -> Int { try await client.query("SELECT 1 FROM presence").count }
            try await client.query("INSERT INTO presence_lease (alive_at) VALUES (now() - interval '25 seconds')")
            try await client.query("INSERT INTO presence (user_id) VALUES (\(ana))")
            try await database.stores.presence.takeOver()
            #expect(try await rows() == 1, "it may be alive")
            #expect(try await lastSeen(ana, database) == nil)
            try await client.query("UPDATE presence_lease SET alive_at = now() - interval '31 seconds'")
            try await database.stores.presence.takeOver()
            #expect(try await rows() == 0)
            #expect(try await lastSeen(ana, database) != nil)
        }
    }
}
