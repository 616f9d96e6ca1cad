import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct MarkStoreTests {
    @Test func marksMoveForwardAndNotPastTheLastMessage() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            for _ in 1...5 { try await database.message(from: ana, to: group) }
            func move(_ delivered: Int, _ read: Int) async throws -> [Int]? {
                let outcomes = try await database.stores.marks.move(
                    [.init(conversation: group, user: bo, delivered: delivered, read: read)], passingBy: false)
                guard case .moved(let delivered, let read, isSmall: true) = try #require(outcomes.first).outcome else {
                    return nil
                }
                return [delivered, read]
            }
            #expect(try await move(3, 0) == [3, 0])
            #expect(try await move(2, 0) == nil, "never back")
            #expect(try await move(2, 2) == [3, 2])
            #expect(try await move(100, 100) == [5, 5])
            #expect(try await move(100, 100) == nil)
        }
    }

    @Test func onlyMembersHaveMarks() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let open = try await database.group(ana, visibility: .public)
            let secret = try await database.group(ana)
            try await database.message(from: ana, to: secret)
            let outcomes = try await database.stores.marks.move(
                [open, secret, .make()].map { .init(conversation: $0, user: bo, delivered: 1, read: 1) }
                    + [.init(conversation: secret, user: ana, delivered: 1, read: 1)], passingBy: true)
            var codes: [ChatError.Code?] = []
            for move in outcomes.sorted(by: { $0.ordinal < $1.ordinal }) {
                if case .refused(let error) = move.outcome { codes.append(error.code) } else { codes.append(nil) }
            }
            #expect(codes == [.notAMember, .notFound, .notFound, nil])
        }
    }

    /// `sync` finds by it what a device has missed.
    @Test func whoeverMovesAMarkItsTransactionIsNoted() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            for _ in 1...3 { try await database.message(from: ana, to: group) }
            func noted() async throws -> Int {
                let rows = try await database.client.query(
                    "SELECT marked_xid::text::bigint AS noted FROM members WHERE user_id = \(bo.uuid)")
                return try #require(rows.first).decode("noted")
            }
            func move(_ delivered: Int, _ read: Int) async throws {
                _ = try await database.stores.marks.move(
                    [.init(conversation: group, user: bo, delivered: delivered, read: read)], passingBy: false)
            }
            var before = try await noted()
            for mark in 1...2 {
                try await move(mark, 1)
                let after = try await noted()
                #expect(after > before)
                before = after
            }
            try await move(2, 1)
            #expect(try await noted() == before, "nothing moved")
            // As SQL does, and servers of the version before.
            _ = try await database.client.query("UPDATE members SET read_seq = 2 WHERE user_id = \(bo.uuid)")
            #expect(try await noted() > before)
        }
    }

    @Test func eachMarkOfABatchKnowsTheSizeOfItsGroup() async throws {
        try await TestDatabase.run { database in
            let people = try await database.people(202)
            let sizes = [200, 201, 2]
            var groups: [ConversationID] = []
            for size in sizes {
                let group = ConversationID.make()
                try await database.stores.conversations.insertGroup(
                    group, title: "g", visibility: .private, owner: people[0], members: Array(people[1..<size]))
                try await database.message(from: people[0], to: group)
                groups.append(group)
            }
            let marks = groups.flatMap { group in
                people[0...1].map { MarkStore.Mark(conversation: group, user: $0, delivered: 1, read: 1) }
            }
            var areSmall: [Int: Bool] = [:]
            for move in try await database.stores.marks.move(marks, passingBy: false) {
                guard case .moved(1, 1, let isSmall) = move.outcome else {
                    Issue.record("\(move.outcome)")
                    continue
                }
                areSmall[move.ordinal] = isSmall
            }
            #expect(areSmall == [0: true, 1: true, 2: false, 3: false, 4: true, 5: true])
        }
    }

    /// Two servers move the marks of the same people, each in an order of its own, as when people use two devices.
    @Test func twoWritersOfTheSameMarksNeverDeadlock() async throws {
        try await TestDatabase.run { database in
            let people = try await database.people(8)
            var pairs: [(ConversationID, UserID)] = []
            for owner in people.prefix(5) {
                let group = ConversationID.make()
                try await database.stores.conversations.insertGroup(
                    group, title: "g", visibility: .private, owner: owner, members: people.filter { $0 != owner })
                pairs += people.map { (group, $0) }
            }
            _ = try await database.client.query("UPDATE conversations SET last_seq = 1000000")
            let all = pairs
            @Sendable func write(_ server: TestDatabase) async throws {
                for seq in 1...60 {
                    let marks = all.shuffled().map {
                        MarkStore.Mark(conversation: $0.0, user: $0.1, delivered: seq, read: seq)
                    }
                    _ = try await server.stores.marks.move(marks, passingBy: false)
                }
            }
            try await database.onAnotherServer { one in
                try await database.onAnotherServer { other in
                    async let first: Void = write(one)
                    async let second: Void = write(other)
                    _ = try await (first, second)
                }
            }
            let rows = try await database.client.query(
                "SELECT count(*) AS count FROM members WHERE delivered_seq = 60 AND read_seq = 60")
            #expect(try rows.first?.decode("count", as: Int.self) == all.count)
        }
    }

    @Test func membershipsAgreeWithTheirAccounts() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            _ = try await database.group(ana, bo)
            try await database.ban(bo)
            // As if somebody had been added in the same moment.
            _ = try await database.client.query("UPDATE members SET closed = NOT closed")
            try await database.stores.marks.settleClosed()
            let closed = try await database.client.query("SELECT user_id FROM members WHERE closed")
            #expect(try closed.map { try $0.decode("user_id", as: UserID.self) } == [bo])
        }
    }

    @Test func lockedRowIsSkipped() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let group = try await database.group(ana)
            try await database.message(from: ana, to: group)
            let mark = MarkStore.Mark(conversation: group, user: ana, delivered: 1, read: 1)
            try await database.client.withTransaction { transaction in
                _ = try await transaction.query("SELECT 1 FROM members WHERE user_id = \(ana.uuid) FOR UPDATE")
                let outcome = try #require(try await database.stores.marks.move([mark], passingBy: true).first).outcome
                guard case .locked = outcome else {
                    Issue.record("\(outcome)")
                    return
                }
            }
            let outcome = try #require(try await database.stores.marks.move([mark], passingBy: true).first).outcome
            guard case .moved = outcome else {
                Issue.record("\(outcome)")
                return
            }
        }
    }
}
