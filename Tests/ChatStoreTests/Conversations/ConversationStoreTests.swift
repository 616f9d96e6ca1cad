import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct ConversationStoreTests {
    @Test func twoPeopleHaveOneDirectConversation() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let made = try #require(try await database.stores.conversations.direct(ana, bo))
            let found = try #require(try await database.stores.conversations.direct(bo, ana))
            #expect(made.created && !found.created)
            #expect(made.id == found.id)
            #expect(try await database.stores.conversations.direct(ana, .make()) == nil, "nobody has this id")
        }
    }

    @Test func blockedAndMutedUsersStartNoConversation() async throws {
        try await TestDatabase.run { database in
            let (ana, bo, cleo) = (
                try await database.person(), try await database.person(), try await database.person()
            )
            let conversations = database.stores.conversations
            let known = try await database.direct(ana, bo)
            for other in [bo, cleo] { _ = try await database.stores.blocks.insert(ana, by: other) }
            #expect(try await refusal { _ = try await conversations.direct(ana, cleo) } == .forbidden)
            #expect(try await conversations.direct(ana, bo)?.id == known)
            #expect(try await refusal { _ = try await conversations.direct(cleo, ana) } == nil, "the other way is free")
            try await database.mute(bo)
            #expect(try await refusal { _ = try await conversations.direct(bo, cleo) } == .muted)
            #expect(
                try await refusal {
                    try await conversations.insertGroup(
                        .make(), title: "x", visibility: .private, owner: bo, members: [])
                } == .muted)
        }
    }

    @Test func nobodyOpensAConversationWithAClosedAccount() async throws {
        try await TestDatabase.run { database in
            let people = try await database.people(3)
            let store = database.stores.conversations
            let known = try await database.direct(people[0], people[1])
            try await database.ban(people[1])
            try await database.stores.users.disable(people[2])
            #expect(try await store.direct(people[0], people[1])?.id == known)
            #expect(try await refusal { _ = try await store.direct(people[0], people[2]) } == .forbidden)
            try await database.stores.users.enable(people[2])
            #expect(try await store.direct(people[0], people[2])?.created == true)
        }
    }

    @Test func directConversationIsHiddenUntilAMessageComes() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let (store, sync) = (database.stores.conversations, database.stores.lists.sync)
            let start = try await sync.now()
            func seen(by user: UserID) async throws -> [Bool] {
                let marks = try await sync.marks(for: user, past: start.marks, limit: 10)
                return [
                    try await !store.list(of: user, after: nil, limit: 10).ids.isEmpty,
                    try await !sync.revisions(of: user).isEmpty,
                    try await store.positions(of: [user])[user] != nil,
                    !marks.isEmpty,
                    try await store.neighbors(of: [user])[user]?.heard.isEmpty == false,
                ]
            }
            let (all, none) = (Array(repeating: true, count: 5), Array(repeating: false, count: 5))
            let made = try #require(try await store.direct(ana, bo))
            #expect(made.created && !made.isHidden)
            #expect(try await seen(by: ana) == all)
            #expect(try await seen(by: bo) == none)
            #expect(try await store.neighbors(of: [ana])[ana]?.told == [], "of a conversation they do not see")
            #expect(try await store.neighbors(of: [bo])[bo]?.told == [ana])
            #expect(try await store.direct(bo, ana)?.isHidden == true)
            #expect(try await store.view(made.id, for: bo)?.id == made.id, "who knows it reads it")
            try await database.message(from: ana, to: made.id)
            #expect(try await seen(by: bo) == all)
            #expect(try await sync.undelivered(to: [bo])[bo] == [made.id: 1])

            _ = try await store.change(made.id) { try await $0.hide(from: bo) }
            #expect(try await seen(by: bo) == none)
            #expect(try await seen(by: ana) == all)
            #expect(try await sync.undelivered(to: [bo])[bo] == nil)
            #expect(try await sync.oldestUndelivered(to: bo, limit: 10).isEmpty)
            try await database.message(from: bo, to: made.id)
            #expect(try await seen(by: bo) == all, "one's own message, too")
            _ = try await store.change(made.id) { try await $0.hide(from: bo) }
            #expect(try await store.change(made.id) { try await $0.show(to: bo) }?.revision == 3)
            #expect(try await store.change(made.id) { try await $0.show(to: bo) } == nil, "it is shown")
            #expect(try await seen(by: bo) == all)
            let revisions = try await sync.revisions(of: ana).map(\.revision)
            #expect(revisions == [3], "two messages; hiding is no change that others see")
            let group = try await database.group(ana, bo)
            #expect(try await store.change(group) { try await $0.hide(from: bo) } == nil, "a group is never hidden")
        }
    }

    @Test func closedMembersDoNotHoldBackTheLowestMark() async throws {
        try await TestDatabase.run { database in
            let people = try await database.people(4)
            let store = database.stores.conversations
            let group = try await database.group(people[0], people[1], people[2], people[3])
            try await database.message(from: people[0], to: group)
            _ = try await database.stores.marks.move(
                [.init(conversation: group, user: people[1], delivered: 1, read: 1)], passingBy: false)
            func others() async throws -> Conversation.Marks? { try await store.view(group, for: people[0])?.others }
            #expect(try await others() == .init(deliveredSeq: 0, readSeq: 0))
            try await database.ban(people[2])
            try await database.stores.users.disable(people[3])
            #expect(try await others() == .init(deliveredSeq: 1, readSeq: 1))
            let view = try #require(try await store.view(group, for: people[0]))
            #expect(view.members.map(\.user.isClosed) == people.map { [people[2], people[3]].contains($0) })
            // A ban with an end, and nobody writes when it comes.
            _ = try await database.client.query(
                """
                UPDATE users SET banned_until = clock_timestamp() + interval '0.05 seconds' WHERE id = \(people[2].uuid)
                """)
            #expect(try await others() == .init(deliveredSeq: 1, readSeq: 1))
            _ = try await database.client.query("SELECT pg_sleep(0.1)")
            #expect(try await database.stores.users.reopen() == [people[2]])
            #expect(try await database.stores.users.reopen() == [])
            #expect(try await others() == .init(deliveredSeq: 0, readSeq: 0))
            // Somebody who joins is as closed as their account.
            _ = try await database.client.query("UPDATE users SET banned_until = NULL WHERE id = \(people[2].uuid)")
            let other = try await database.group(people[0], people[2])
            #expect(try await store.view(other, for: people[0])?.others == nil, "there are no open others")
        }
    }

    /// Few are counted in another way than many.
    @Test(arguments: [0, 7, ConversationTable.maxCounted, ConversationTable.maxCounted + 1])
    func neitherOwnNorDeletedMessagesAreUnread(behind count: Int) async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            let read = try await database.message("read", from: bo, to: group)
            let ids = (0..<count).map { _ in MessageID.make().uuid }
            // Every third is Ana's own, and every fifth was deleted.
            _ = try await database.client.query(
                """
                WITH added AS (
                    INSERT INTO messages (id, conversation_id, sender_id, seq, revision, text, deleted_at)
                    SELECT id, \(group.uuid), CASE WHEN n % 3 = 0 THEN \(ana.uuid)::uuid ELSE \(bo.uuid)::uuid END, \(read.seq) + n,
                        \(read.revision) + n, '', CASE WHEN n % 5 = 0 THEN now() END
                    FROM unnest(\(ids)) WITH ORDINALITY AS i (id, n)
                )
                UPDATE conversations SET last_seq = last_seq + \(count), revision = revision + \(count)
                WHERE id = \(group.uuid)
                """)
            _ = try await database.client.query(
                """
                UPDATE members SET read_seq = \(read.seq), delivered_seq = \(read.seq)
                WHERE conversation_id = \(group.uuid) AND user_id = \(ana.uuid)
                """)
            let unread = (0..<count).map { $0 + 1 }.filter { $0 % 3 != 0 && $0 % 5 != 0 }.count
            #expect(try await database.stores.conversations.view(group, for: ana)?.unreadCount == unread)
        }
    }

    /// Whoever writes it in SQL: a conversation is direct or a group, and has what belongs to its kind.
    @Test(arguments: [
        "kind = 'direct'", "kind = 'channel'", "visibility = NULL", "visibility = 'secret'", "title = NULL",
        "title = repeat('x', 81)", "direct_low = d.direct_low, direct_high = d.direct_high", "hidden_low_seq = 1",
        "hidden_high_seq = 1", "last_seq = -1", "revision = 0",
    ]) func groupStaysAGroup(change: String) async throws {
        #expect(try await Self.isRefused(change, of: "group"))
    }

    @Test(arguments: [
        "kind = 'group'", "visibility = 'private'", "title = 'x'", "direct_low = NULL", "direct_high = NULL",
        "direct_low = d.direct_high, direct_high = d.direct_low", "direct_low = d.direct_high",
    ]) func directConversationStaysOne(change: String) async throws {
        #expect(try await Self.isRefused(change, of: "direct"))
    }

    @Test func conversationsChangeWithinTheirKind() async throws {
        #expect(try await !Self.isRefused("visibility = 'public', title = repeat('x', 80)", of: "group"))
        #expect(try await !Self.isRefused("hidden_low_seq = 1, hidden_high_seq = 1", of: "direct"))
    }

    /// Whether SQL may not change a group, or a direct conversation. `d` is the direct one.
    private static func isRefused(_ change: String, of kind: String) async throws -> Bool {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            _ = try await database.group(ana, bo)
            _ = try await database.direct(ana, bo)
            let error = await answer(
                """
                UPDATE conversations c SET \(unescaped: change) FROM conversations d
                WHERE d.kind = 'direct' AND c.kind = \(kind)
                """, database)
            if let error, error.sqlState != .checkViolation { throw error }
            return error != nil
        }
    }

    private static func answer(_ statement: PostgresQuery, _ database: TestDatabase) async -> PostgresError? {
        do throws(PostgresError) {
            try await database.client.query(statement)
            return nil
        } catch {
            return error
        }
    }
}
