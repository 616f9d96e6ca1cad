import ChatModel
import ChatTesting
import Foundation
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct AttentionStoreTests {
    private func attention(
        _ database: TestDatabase, _ user: UserID, _ conversation: ConversationID
    ) async throws -> Attention? {
        try await database.stores.conversations.view(conversation, for: user)?.me?.attention.unversioned
    }

    private func version(_ database: TestDatabase, _ user: UserID, _ conversation: ConversationID) async throws -> Int {
        try #require(try await database.stores.attention.find(of: user, in: conversation)).version
    }

    private func change(
        _ database: TestDatabase, _ change: AttentionChange, _ user: UserID, _ conversation: ConversationID
    ) async throws -> Bool {
        try await database.stores.attention.change(change, of: user, in: conversation) { _ in }
    }

    @Test func onlyWhatIsNamedChanges() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            #expect(try await attention(database, ana, group) == Attention())
            let end = Date(timeIntervalSince1970: 4_000_000_000)
            #expect(
                try await change(
                    database, .init(notifications: .mentions, muting: .until(end), isPinned: true), ana, group))
            #expect(try await change(database, .init(isArchived: true, isMarkedUnread: true), ana, group))
            let full = Attention(
                notifications: .mentions, mutedUntil: end, isPinned: true, isArchived: true, isMarkedUnread: true)
            #expect(try await attention(database, ana, group) == full)
            #expect(try await change(database, .init(muting: .ended, isPinned: false), ana, group))
            #expect(
                try await attention(database, ana, group)
                    == Attention(notifications: .mentions, isArchived: true, isMarkedUnread: true))
            #expect(try await attention(database, bo, group) == Attention(), "of one member only")
        }
    }

    @Test func mutingThatHasEndedIsNone() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let group = try await database.group(ana)
            _ = try await database.client.query("UPDATE members SET muted_until = to_timestamp(1)")
            #expect(try await attention(database, ana, group) == Attention())
        }
    }

    @Test func onlyMembersHaveIt() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, visibility: .public)
            #expect(try await !change(database, .init(isPinned: true), bo, group))
            #expect(try await !change(database, .init(isPinned: true), bo, .make()))
            #expect(try await attention(database, bo, group) == nil)
        }
    }

    @Test func readingTakesBackWhatIsMarkedAsUnread() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            for _ in 1...3 { try await database.message(from: ana, to: group) }
            func move(_ delivered: Int, _ read: Int) async throws -> MarkStore.Move {
                try #require(
                    try await database.stores.marks.move(
                        [.init(conversation: group, user: bo, delivered: delivered, read: read)], passingBy: false
                    ).first)
            }
            func markUnread() async throws {
                _ = try await change(database, .init(isPinned: true, isMarkedUnread: true), bo, group)
            }
            _ = try await move(2, 2)
            try await markUnread()
            #expect(try await move(3, 0).attention == nil, "what is delivered is not read")
            #expect(try await move(1, 1).attention == nil, "nor what was read before")
            #expect(try await attention(database, bo, group)?.isMarkedUnread == true)
            let same = try await move(2, 2)
            #expect(same.attention?.unversioned == Attention(isPinned: true))
            guard case .stands = same.outcome else {
                Issue.record("\(same.outcome)")
                return
            }
            #expect(try await move(2, 2).attention == nil)
            try await markUnread()
            let further = try await move(3, 3)
            #expect(further.attention?.unversioned == Attention(isPinned: true))
            guard case .moved = further.outcome else {
                Issue.record("\(further.outcome)")
                return
            }
            #expect(try await attention(database, bo, group)?.isMarkedUnread == false)
            // As a server of the version before does it, or somebody in SQL.
            try await markUnread()
            _ = try await database.client.query("UPDATE members SET read_seq = 1 WHERE user_id = \(bo)")
            #expect(try await attention(database, bo, group)?.isMarkedUnread == true)
            _ = try await database.client.query("UPDATE members SET read_seq = 2 WHERE user_id = \(bo)")
            #expect(try await attention(database, bo, group)?.isMarkedUnread == false)
        }
    }

    @Test func versionRisesWithEveryChangeAndWithNothingElse() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            var versions = [try await version(database, ana, group)]
            for isPinned in [true, false, true] {
                #expect(try await change(database, .init(isPinned: isPinned), ana, group))
                versions.append(try await version(database, ana, group))
            }
            #expect(versions == Array(Set(versions)).sorted())
            // The row of a database that was restored into another cluster, whose transactions have higher numbers.
            _ = try await database.client.query("UPDATE members SET attention_version = 1000000000000")
            #expect(try await change(database, .init(isPinned: false), ana, group))
            #expect(try await version(database, ana, group) == 1_000_000_000_001)
            let end = Date(timeIntervalSince1970: 4_000_000_000)
            let all = AttentionChange(
                notifications: .mentions, muting: .until(end), isPinned: true, isArchived: true, isMarkedUnread: true)
            #expect(try await change(database, all, ana, group))
            let last = try await version(database, ana, group)
            #expect(try await !change(database, all, ana, group))
            #expect(try await !change(database, .init(), ana, group))
            #expect(try await change(database, .init(muting: .ended), ana, group))
            let past = Date(timeIntervalSince1970: 1)
            #expect(try await !change(database, .init(muting: .until(past)), ana, group), "a muting that is none")
            #expect(try await version(database, ana, group) > last)
        }
    }

    /// A device that was away meanwhile has what was before.
    @Test func whoComesBackBeginsAfterWhatWasBefore() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            #expect(try await change(database, .init(isPinned: true), bo, group))
            let before = try await version(database, bo, group)
            _ = try await database.client.query("DELETE FROM members WHERE user_id = \(bo)")
            _ = try await database.client.query(
                "INSERT INTO members (conversation_id, user_id, role) VALUES (\(group), \(bo), 'member')")
            #expect(try await attention(database, bo, group) == Attention())
            #expect(try await version(database, bo, group) > before)
        }
    }

    /// Another server may still hold what was read before.
    @Test func whatWasReadBeforeDoesNotTakeBackWhatIsMarkedAsUnread() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            for _ in 1...3 { try await database.message(from: ana, to: group) }
            func move(_ seq: Int, age: Duration) async throws -> MarkStore.Move {
                let mark = MarkStore.Mark(conversation: group, user: bo, delivered: seq, read: seq, age: age)
                return try #require(try await database.stores.marks.move([mark], passingBy: false).first)
            }
            _ = try await move(1, age: .zero)
            #expect(try await change(database, .init(isMarkedUnread: true), bo, group))
            let further = try await move(2, age: .seconds(3600))
            #expect(further.attention == nil)
            guard case .moved(delivered: 2, read: 2, _) = further.outcome else {
                Issue.record("\(further.outcome)")
                return
            }
            #expect(try await move(2, age: .seconds(3600)).attention == nil, "nor a mark that stands")
            #expect(try await attention(database, bo, group) == Attention(isMarkedUnread: true))
            #expect(try await move(2, age: .zero).attention?.unversioned == Attention())
        }
    }

    @Test func constraintsHoldInSQL() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            _ = try await database.group(ana)
            await #expect(throws: PostgresError.self) {
                _ = try await database.client.query("UPDATE members SET notifications = 'some'")
            }
        }
    }
}
