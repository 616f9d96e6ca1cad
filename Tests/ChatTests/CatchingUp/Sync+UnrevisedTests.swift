import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import Chat
@testable import ChatStore

/// What changes without a revision reaches a device that was away.
@Suite struct SyncUnrevisedTests {
    private static let measure = AnswerMeasure(
        message: { _ in 100 }, conversation: { _ in 100 }, user: { _ in 300 })

    private func sync(_ test: TestChat, _ user: UserID, since cursor: SyncCursor?) async throws -> Sync.Unrevised {
        try await test.chat.sync.changes(for: user, known: [:], since: cursor, measure: Self.measure).unrevised
    }

    /// Asks again until nothing comes twice any more: until the transactions have ended that were under way when the last
    /// rows changed, also those of other tests, whose databases are in the same cluster.
    private func settled(_ test: TestChat, _ user: UserID, since cursor: SyncCursor? = nil) async throws -> SyncCursor {
        var answer = try await sync(test, user, since: cursor)
        repeat {
            await Task.yield()
            answer = try await sync(test, user, since: SyncCursor(answer.cursor.text))
        } while !answer.marks.isEmpty || !answer.users.isEmpty
        return answer.cursor
    }

    private func read(
        _ test: TestChat, _ user: UserID, upTo seq: Int, in conversation: ConversationID
    ) async throws {
        _ = try await test.database.stores.marks.move(
            [.init(conversation: conversation, user: user, delivered: seq, read: seq)], passingBy: false)
    }

    @Test func marksThatMovedComeOnceWithTheCountOfTheUsersOwn() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(3)
            let (ana, bo, cleo) = (people[0], people[1], people[2])
            let (group, other) = (try await test.database.group(ana, bo), try await test.database.group(bo, cleo))
            for _ in 1...5 { try await test.database.message(from: bo, to: group) }
            try await test.database.message(from: bo, to: other)
            let first = try await sync(test, ana, since: nil)
            #expect(first.marks.isEmpty && first.users.isEmpty, "a device without a cursor has just read everything")
            let start = try await settled(test, ana)
            try await read(test, ana, upTo: 3, in: group)
            try await read(test, bo, upTo: 5, in: group)
            try await read(test, cleo, upTo: 1, in: other)
            let second = try await sync(test, ana, since: start)
            let version = try #require(second.marks.first?.attention?.version)
            #expect(
                second.marks == [
                    MemberMarks(
                        conversation: group, user: ana, deliveredSeq: 3, readSeq: 3, unreadCount: 2, unreadMentions: 0,
                        attention: Attention(version: version)),
                    MemberMarks(conversation: group, user: bo, deliveredSeq: 5, readSeq: 5),
                ])
            #expect(!second.more)
            _ = try await settled(test, ana, since: second.cursor)
            // The greeting's cursor is as good.
            let greeting = try await test.chat.greetings.greeting(for: ana)
            try await read(test, ana, upTo: 4, in: group)
            #expect(try await sync(test, ana, since: greeting.cursor).marks.compactMap(\.unreadCount) == [1])
        }
    }

    @Test func attentionComesToItsOwnerOnly() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(2)
            let (ana, bo) = (people[0], people[1])
            let group = try await test.database.group(ana, bo)
            let (start, others) = (try await settled(test, ana), try await settled(test, bo))
            _ = try await test.chat.attention.change(AttentionChange(isPinned: true), of: group, by: ana)
            let marks = try await sync(test, ana, since: start).marks
            #expect(marks.map(\.attention?.unversioned) == [Attention(isPinned: true)] && marks.map(\.user) == [ana])
            #expect(try await sync(test, bo, since: others).marks.isEmpty)
        }
    }

    @Test func markThatIsCommittedLateIsNotMissed() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(2)
            let group = try await test.database.group(people[0], people[1])
            try await test.database.message(from: people[0], to: group)
            let start = try await settled(test, people[0])
            let meanwhile = try await test.database.client.withTransaction { transaction in
                _ = try await transaction.query(
                    "UPDATE members SET delivered_seq = 1 WHERE user_id = \(people[1].uuid)")
                // Later transactions commit before this one.
                try await test.database.mute(try await test.database.person())
                return try await sync(test, people[0], since: start)
            }
            #expect(meanwhile.marks.isEmpty)
            #expect(try await sync(test, people[0], since: meanwhile.cursor).marks.map(\.deliveredSeq) == [1])
        }
    }

    @Test func marksOfOneTransactionComeInPages() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(2)
            let ana = people[0]
            var groups: [ConversationID] = []
            for _ in 0..<60 { groups.append(try await test.database.group(ana)) }
            // Twenty more members in each: 1,260 rows.
            _ = try await test.database.client.query(
                """
                INSERT INTO users (id, username, display_name)
                SELECT gen_random_uuid(), 'crowd' || n, 'One of many' FROM generate_series(1, 20) n
                """)
            _ = try await test.database.client.query(
                """
                INSERT INTO members (conversation_id, user_id, role) SELECT c.id, u.id, 'member'
                FROM conversations c, users u WHERE u.username LIKE 'crowd%'
                """)
            let start = try await settled(test, ana)
            _ = try await test.database.client.query("UPDATE conversations SET last_seq = 1")
            _ = try await test.database.client.query("UPDATE members SET delivered_seq = 1")
            let first = try await sync(test, ana, since: start)
            #expect(first.marks.count == 1000 && first.more)
            // One of the first page moves again while the pages are read.
            _ = try await test.database.client.query(
                """
                UPDATE members SET read_seq = 1 WHERE conversation_id = \(first.marks[0].conversation.uuid)
                    AND user_id = \(first.marks[0].user.uuid)
                """)
            let second = try await sync(test, ana, since: SyncCursor(first.cursor.text))
            #expect(!second.more)
            let keys = (first.marks + second.marks).map { "\($0.conversation)/\($0.user)" }
            #expect(Set(keys).count == 1260)
        }
    }

    @Test func ofALargeGroupOnlyTheUsersOwnMarksCome() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(2)
            let group = try await test.database.group(people[0], people[1])
            try await test.database.message(from: people[0], to: group)
            _ = try await test.database.client.query(
                """
                INSERT INTO users (id, username, display_name)
                SELECT gen_random_uuid(), 'crowd' || n, 'One of many' FROM generate_series(1, \(GroupSize.small - 1)) n
                """)
            _ = try await test.database.client.query(
                """
                INSERT INTO members (conversation_id, user_id, role) SELECT \(group.uuid), u.id, 'member'
                FROM users u WHERE u.username LIKE 'crowd%'
                """)
            let start = try await settled(test, people[0])
            _ = try await test.database.client.query("UPDATE members SET delivered_seq = 1")
            #expect(try await sync(test, people[0], since: start).marks.map(\.user) == [people[0]])
        }
    }

    @Test func impossibleCursorIsTheBeginning() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(2)
            let group = try await test.database.group(people[0], people[1])
            try await test.database.message(from: people[0], to: group)
            try await read(test, people[1], upTo: 1, in: group)
            // A row of a backup whose cluster had come further.
            _ = try await test.database.client.query(
                "UPDATE members SET marked_xid = '99999999999' WHERE user_id = \(people[0].uuid)")
            let now = try await settled(test, people[0])
            #expect(try await sync(test, people[0], since: now).marks.isEmpty)
            var ahead = now
            ahead.transaction += 1_000_000
            for cursor in [ahead, SyncCursor("nonsense"), SyncCursor(cluster: "other", transaction: 3)] {
                let answer = try await sync(test, people[0], since: cursor)
                #expect(Set(answer.marks.map(\.user)) == Set(people), "\(cursor)")
                #expect(answer.users.map(\.id) == [people[1]])
                _ = try await settled(test, people[0], since: answer.cursor)
            }
        }
    }

    @Test func profilesOfNeighborsComeOnce() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(4)
            let (ana, bo, cleo, dana) = (people[0], people[1], people[2], people[3])
            _ = try await test.database.group(ana, bo, dana)
            try await test.chat.blocks.block(dana, by: ana)
            let start = try await settled(test, ana)
            for user in [ana, bo, cleo, dana] {
                try await test.chat.people.update(user, UserDirectory.Profile(displayName: "Renamed"))
            }
            let answer = try await sync(test, ana, since: start)
            #expect(answer.users.map(\.id) == [bo], "not strangers, nor whom a block keeps apart")
            #expect(answer.users.map(\.displayName) == ["Renamed"])
            #expect(answer.users.map(\.status) == [.offline])
            let after = try await settled(test, ana, since: answer.cursor)
            try await test.database.moderate("UPDATE users SET about = 'in SQL' WHERE id = \(bo.uuid)")
            #expect(try await sync(test, ana, since: after).users.map(\.about) == ["in SQL"])
            let later = try await settled(test, ana)
            try await test.database.moderate("UPDATE users SET last_seen_at = now() WHERE id = \(bo.uuid)")
            #expect(try await sync(test, ana, since: later).users.isEmpty, "presence is told otherwise")
        }
    }

    @Test func manyProfilesComeInPages() async throws {
        try await TestChat.run { test in
            let ana = try await test.database.person()
            let group = try await test.database.group(ana)
            _ = try await test.database.client.query(
                """
                INSERT INTO users (id, username, display_name)
                SELECT gen_random_uuid(), 'crowd' || n, 'One of many' FROM generate_series(1, 190) n
                """)
            _ = try await test.database.client.query(
                """
                INSERT INTO members (conversation_id, user_id, role) SELECT \(group.uuid), u.id, 'member'
                FROM users u WHERE u.username LIKE 'crowd%'
                """)
            let start = try await settled(test, ana)
            _ = try await test.database.client.query("UPDATE users SET about = 'new' WHERE username LIKE 'crowd%'")
            let large = AnswerMeasure(message: { _ in 1 }, conversation: { _ in 1 }, user: { _ in 1024 })
            var cursor = start
            var found: [UserID] = []
            for page in 1...2 {
                let answer = try await test.chat.sync.changes(for: ana, known: [:], since: cursor, measure: large)
                    .unrevised
                found += answer.users.map(\.id)
                cursor = SyncCursor(answer.cursor.text)
                #expect(answer.more == (page == 1))
            }
            #expect(found.count == 190 && Set(found).count == 190)
            #expect(!cursor.isPartial)
        }
    }
}
