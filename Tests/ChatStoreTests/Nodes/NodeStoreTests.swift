import ChatModel
import ChatTesting
import Foundation
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct NodeStoreTests {
    private func store(_ database: TestDatabase) -> NodeStore { NodeStore(database: database.client) }

    private func join(
        _ database: TestDatabase, _ node: NodeDescription, number: UInt16? = nil, ownsDatabase: Bool = false
    ) async throws -> NodeIdentity {
        let epoch = UUID()
        let joined = try await store(database).join(
            NodeAdmission(node, number: number), epoch: epoch, ownsDatabase: ownsDatabase)
        return NodeIdentity(number: joined.number, epoch: epoch)
    }

    /// Makes a server's last sign of life older.
    private func silence(_ node: NodeIdentity, seconds: Double, _ database: TestDatabase) async throws {
        try await database.client.query(
            "UPDATE nodes SET alive_at = now() - make_interval(secs => \(seconds)) WHERE id = \(node.epoch)")
    }

    private let files = UUID()

    private func shared() -> NodeDescription { .test(files: files, sharesFiles: true) }

    @Test func aRowSaysWhatTheServerSaid() async throws {
        try await TestDatabase.run { database in
            let node = shared()
            let identity = try await join(database, node)
            let renewal = try await store(database).renew(identity.epoch, .init(sockets: 7, isDraining: true))
            #expect(renewal == .init(living: [], dead: []))
            let row = try #require(try await store(database).list().first)
            #expect(row.identity == identity && row.description == node && row.sockets == 7 && row.isDraining)
            #expect(row.schema > 27 && row.isAlive)
        }
    }

    @Test func serversJoinOneAtATime() async throws {
        try await TestDatabase.run { database in
            let numbers = try await withThrowingTaskGroup(of: UInt16.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        while true {
                            do {
                                return try await join(database, shared()).number
                            } catch let error as PostgresError where error.metLock {
                                continue
                            }
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(numbers.sorted() == Array(1...8))
        }
    }

    @Test func aSecondServerWithFilesOfItsOwnIsRefusedUntilTheFirstIsDead() async throws {
        try await TestDatabase.run { database in
            let first = try await join(database, .test())
            let second = NodeDescription.test()
            await #expect(throws: NodeAdmission.Refusal.self) { _ = try await join(database, second) }
            try await silence(first, seconds: 15.1, database)
            #expect(try await join(database, second).number == 2)
        }
    }

    @Test func aRestartOnTheSameStorageTakesThePredecessorsPlaceAtOnce() async throws {
        try await TestDatabase.run { database in
            let node = NodeDescription.test()
            let ana = try await database.person()
            let before = try await join(database, node)
            _ = try await database.stores.presence.write([.came(ana)], of: before.epoch)
            let after = try await join(database, node)
            #expect(after.number == before.number && after.epoch != before.epoch)
            #expect(try await store(database).list().map(\.identity) == [after])
            #expect(try await store(database).renew(before.epoch, .init(sockets: 0, isDraining: false)) == nil)
            #expect(try await database.stores.users.find(ana)?.lastSeenAt != nil)
        }
    }

    @Test func whoOwnsTheDatabaseIsAloneInIt() async throws {
        try await TestDatabase.run { database in
            _ = try await join(database, .test(secrets: [9]))
            let own = try await join(database, .test(), ownsDatabase: true)
            #expect(try await store(database).list().map(\.identity) == [own])
        }
    }

    @Test func aDeadServersPeopleWereLastSeenWithIt() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let presence = database.stores.presence
            let (dead, living) = (try await join(database, shared()), try await join(database, shared()))
            _ = try await presence.write([.came(ana)], of: dead.epoch)
            _ = try await presence.write([.came(bo)], of: living.epoch)
            #expect(try await store(database).reap() == [], "nobody is dead")
            try await silence(dead, seconds: 100, database)
            #expect(
                try await store(database).renew(living.epoch, .init(sockets: 0, isDraining: false))
                    == .init(living: [], dead: [dead]))
            #expect(try await store(database).reap() == [dead.number])
            let seen = try #require(try await database.stores.users.find(ana)?.lastSeenAt)
            #expect((95.0...200).contains(-seen.timeIntervalSinceNow))
            #expect(try await database.stores.users.find(bo)?.lastSeenAt == nil)
            #expect(try await store(database).list().map(\.identity) == [living])
            _ = try await presence.write([.came(ana)], of: dead.epoch)
            #expect(
                try await database.client.query("SELECT 1 FROM node_presence WHERE user_id = \(ana)").isEmpty,
                "a dead server has nobody")
        }
    }

    @Test func onlyOneServerJudgesAtATime() async throws {
        try await TestDatabase.run { database in
            let dead = try await join(database, shared())
            try await silence(dead, seconds: 100, database)
            try await database.client.withTransaction { transaction in
                _ = try await transaction.query("LOCK TABLE nodes IN SHARE ROW EXCLUSIVE MODE")
                #expect(try await store(database).reap() == [])
            }
            #expect(try await store(database).reap() == [dead.number])
        }
    }

    @Test func whoLeavesTakesEverybodyAlong() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let node = try await join(database, shared())
            _ = try await database.stores.presence.write([.came(ana)], of: node.epoch)
            try await silence(node, seconds: 10, database)
            try await store(database).leave(node.epoch)
            #expect(try await store(database).list().isEmpty)
            let seen = try #require(try await database.stores.users.find(ana)?.lastSeenAt)
            #expect(-seen.timeIntervalSinceNow < 9, "they were here until now")
        }
    }

    @Test func aDatabaseBeforeTheTableHasNoServers() async throws {
        try await TestDatabase.run { database in
            try await database.client.query("DROP TABLE nodes")
            #expect(try await store(database).listIfKnown() == [])
        }
    }
}
