import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

/// Whom messages mention, and how many unread ones mention a member.
@Suite struct MentionsTests {
    private struct Stage {
        let ana: UserID
        let bo: UserID
        let cy: UserID
        let group: ConversationID

        init(_ database: TestDatabase) async throws {
            ana = try await database.person("ana")
            bo = try await database.person("bo.b")
            cy = try await database.person("cyd")
            group = try await database.group(ana, bo)
        }
    }

    private func unread(_ stage: Stage, _ user: UserID, _ database: TestDatabase) async throws -> Int {
        let view = try #require(try await database.stores.conversations.view(stage.group, for: user))
        let defined = try await database.client.query(
            """
            SELECT count(*) AS count FROM messages m
                JOIN members me ON me.conversation_id = m.conversation_id AND me.user_id = \(user)
            WHERE m.conversation_id = \(stage.group) AND m.seq > me.read_seq AND m.sender_id <> me.user_id
                AND m.deleted_at IS NULL AND (m.mentions_all OR me.user_id = ANY(m.mentions))
            """
        ).first?.decode("count", as: Int.self)
        #expect(view.unreadMentions == defined)
        return view.unreadMentions
    }

    @Test func membersAreMentionedByNameAndOthersAreNot() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let sent = try await database.message("@bo.b, @cyd and @nobody", from: stage.ana, to: stage.group)
            #expect(sent.mentions == [stage.bo] && !sent.mentionsAll)
            let found = try #require(try await database.stores.messages.find(sent.id))
            #expect(found.mentions == [stage.bo])
            #expect(try await database.message("plain", from: stage.ana, to: stage.group).mentions.isEmpty)
            #expect(try await unread(stage, stage.bo, database) == 1)
            #expect(try await unread(stage, stage.ana, database) == 0)
            // A new name changes nothing that was said.
            _ = try await database.client.query("UPDATE users SET username = 'bob' WHERE id = \(stage.bo)")
            #expect(try await database.stores.messages.find(sent.id)?.mentions == [stage.bo])
            #expect(try await database.message("@bo.b", from: stage.ana, to: stage.group).mentions.isEmpty)
        }
    }

    @Test func allAreMentionedByThoseWhoMayOnly() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            #expect(try await database.message("@all!", from: stage.ana, to: stage.group).mentionsAll)
            #expect(try await !database.message("@all!", from: stage.bo, to: stage.group).mentionsAll)
            try await database.message("@all and @bo.b", from: stage.ana, to: stage.group)
            #expect(try await unread(stage, stage.bo, database) == 2)
            #expect(try await unread(stage, stage.ana, database) == 0, "nobody mentions themselves")
            let direct = try await database.direct(stage.ana, stage.bo)
            #expect(try await !database.message("@all", from: stage.ana, to: direct).mentionsAll)
        }
    }

    @Test func ofVeryManyTheNewestAreCounted() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let sent = try await database.message("@bo.b and @all", from: stage.ana, to: stage.group)
            let more = ConversationTable.maxMentions + 500
            _ = try await database.client.query(
                """
                INSERT INTO mentions (message_id, conversation_id, user_id, seq, sender_id)
                SELECT \(sent.id), \(stage.group), NULL, n, \(stage.ana) FROM generate_series(2, \(more)) n
                """)
            _ = try await database.client.query("UPDATE conversations SET last_seq = \(more)")
            let view = try #require(try await database.stores.conversations.view(stage.group, for: stage.bo))
            // Those of the other kind are counted besides.
            #expect(view.unreadMentions == ConversationTable.maxMentions + 1)
        }
    }

    @Test func countingReadsNoMoreThanItCounts() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let sent = try await database.message("@all", from: stage.ana, to: stage.group)
            for user in [nil, stage.bo] {
                _ = try await database.client.query(
                    """
                    INSERT INTO mentions (message_id, conversation_id, user_id, seq, sender_id)
                    SELECT \(sent.id), \(stage.group), \(user)::uuid, n, \(stage.ana) FROM generate_series(2, 20000) n
                    """)
            }
            _ = try await database.client.query("UPDATE conversations SET last_seq = 20000")
            _ = try await database.client.query("ANALYZE mentions")
            let plan = try await database.client.query(
                """
                EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT \(ConversationTable.unreadMentions)
                FROM members me JOIN conversations c ON c.id = me.conversation_id WHERE me.user_id = \(stage.bo)
                """
            ).map { try $0.decode("QUERY PLAN", as: String.self) }
            let read = plan.filter { $0.contains(" on mentions") }
            #expect(read.count == 2, "\(plan)")
            for line in read {
                let rows = line.firstMatch(of: /actual rows=(\d+)/).flatMap { Int($0.1) }
                #expect(try #require(rows) <= ConversationTable.maxMentions, "\(line)")
            }
        }
    }

    @Test func aMessageMentionsFiftyPeopleAtMost() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            _ = try await database.client.query(
                """
                INSERT INTO users (id, username, display_name)
                SELECT gen_random_uuid(), 'crowd' || n, 'One of many' FROM generate_series(1, 60) n
                """)
            _ = try await database.client.query(
                """
                INSERT INTO members (conversation_id, user_id, role) SELECT \(stage.group), u.id, 'member'
                FROM users u WHERE u.username LIKE 'crowd%'
                """)
            let text = (1...60).map { "@crowd\($0)" }.joined(separator: " ") + " @all"
            let sent = try await database.message(text, from: stage.ana, to: stage.group)
            #expect(sent.mentions.count == MentionedNames.max && sent.mentionsAll)
            let rows = try await database.client.query("SELECT count(*) AS count FROM mentions")
            #expect(try rows.first?.decode("count", as: Int.self) == MentionedNames.max + 1)
            await #expect(throws: PostgresError.self, "also in SQL") {
                _ = try await database.client.query("UPDATE messages SET mentions = mentions || mentions")
            }
        }
    }

    @Test func editsDeletionsAndMarksChangeTheNumber() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let first = try await database.message("nobody", from: stage.ana, to: stage.group)
            let second = try await database.message("@bo.b", from: stage.ana, to: stage.group)
            _ = try await database.change(first) { try await $0.edit(text: "@bo.b and @all") }
            #expect(try await unread(stage, stage.bo, database) == 2)
            _ = try await database.change(first) { try await $0.edit(text: "@ana") }
            #expect(try await unread(stage, stage.bo, database) == 1)
            try await database.deleteMessage(second.id, by: stage.ana)
            #expect(try await unread(stage, stage.bo, database) == 0)
            let third = try await database.message("@bo.b", from: stage.ana, to: stage.group)
            try await database.moderate("UPDATE messages SET deleted_at = now() WHERE id = \(third.id.uuid)")
            #expect(try await unread(stage, stage.bo, database) == 0)
            try await database.moderate("UPDATE messages SET deleted_at = NULL WHERE id = \(third.id.uuid)")
            #expect(try await unread(stage, stage.bo, database) == 1)
            let mark = MarkStore.Mark(conversation: stage.group, user: stage.bo, delivered: 3, read: 3)
            _ = try await database.stores.marks.move([mark], passingBy: false)
            #expect(try await unread(stage, stage.bo, database) == 0)
        }
    }
}
