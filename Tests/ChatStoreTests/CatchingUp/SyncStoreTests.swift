import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct SyncStoreTests {
    @Test func undeliveredCountsMessagesOfOthersPastTheMark() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let (group, quiet) = (try await database.group(ana, bo), try await database.group(ana, bo))
            let sync = database.stores.lists.sync
            var messages: [Message] = []
            for number in 1...5 {
                messages.append(try await database.message("\(number)", from: number == 2 ? bo : ana, to: group))
            }
            try await database.message("own", from: bo, to: quiet)
            #expect(try await sync.undelivered(to: [bo])[bo] == [group: 4])
            _ = try await database.stores.marks.move(
                [.init(conversation: group, user: bo, delivered: 3, read: 0)], passingBy: false)
            try await database.deleteMessage(messages[4].id, by: ana)
            #expect(try await sync.undelivered(to: [bo])[bo] == [group: 1])
            #expect(try await sync.oldestUndelivered(to: bo, limit: 10).map(\.text) == ["4"])
        }
    }

    @Test func undeliveredMessagesComeOldestFirstInConversationOrder() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let (one, other) = (try await database.group(ana, bo), try await database.group(ana, bo))
            var messages: [Message] = []
            for (text, group) in [("1", one), ("2", other), ("3", one)] {
                messages.append(try await database.message(text, from: ana, to: group))
            }
            let sync = database.stores.lists.sync
            #expect(try await sync.oldestUndelivered(to: bo, limit: 10).map(\.text) == ["1", "2", "3"])
            #expect(try await sync.oldestUndelivered(to: bo, limit: 2).map(\.text) == ["1", "2"])
            // The clock went back: "3" is dated before "1", which it follows.
            _ = try await database.client.query(
                "UPDATE messages SET created_at = created_at - interval '1 hour' WHERE id = \(messages[2].id.uuid)")
            #expect(try await sync.oldestUndelivered(to: bo, limit: 10).map(\.text) == ["1", "3", "2"])
        }
    }

    @Test func revisionsCoverOnlyTheUsersConversations() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let (first, second) = (try await database.group(ana), try await database.group(ana))
            _ = try await database.group(bo)
            let message = try await database.message(from: ana, to: first)
            let revisions = try await database.stores.lists.sync.revisions(of: ana)
            #expect(revisions.map(\.id) == [first, second])
            #expect(revisions.first?.revision == message.revision)
        }
    }
}
