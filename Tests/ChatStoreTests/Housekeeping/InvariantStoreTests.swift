import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

/// Each rule of the database is broken once. Its query finds the row, and no other query finds anything.
@Suite struct InvariantStoreTests {
    /// A small database in order: two people, their direct conversation, a group, messages and a file.
    private struct World {
        let ana, bo: UserID
        let group: ConversationID
        let direct: ConversationID
        let answer: Message
        let sent: Message

        init(_ database: TestDatabase) async throws {
            ana = try await database.person()
            bo = try await database.person()
            group = try await database.group(ana, bo)
            direct = try await database.direct(ana, bo)
            let first = try await database.message("first", from: ana, to: group)
            answer = try await database.message("answer", from: bo, to: group, replyTo: first.id)
            sent = try await database.message(
                "file", from: ana, to: direct, attachments: [try await database.upload(ana).id])
            for user in [ana, bo] {
                _ = try await database.client.query(
                    "INSERT INTO passwords (user_id, hash) VALUES (\(user), 'no hash') ON CONFLICT DO NOTHING")
            }
        }
    }

    private func broken(_ database: TestDatabase) async throws -> [String: [String]] {
        var broken: [String: [String]] = [:]
        for invariant in InvariantStore.invariants {
            let found = try await database.stores.invariants.violations(of: invariant)
            if !found.isEmpty { broken[invariant.rule] = found }
        }
        return broken
    }

    /// Breaks something in SQL, without triggers and foreign keys, and expects one rule to find it.
    private func expect(
        _ rule: String, of subject: @escaping @Sendable (World) -> String,
        brokenBy statement: @escaping @Sendable (World) -> PostgresQuery
    ) async throws {
        try await TestDatabase.run { database in
            let world = try await World(database)
            #expect(try await broken(database) == [:])
            try await database.client.withTransaction { transaction in
                _ = try await transaction.query("SELECT set_config('session_replication_role', 'replica', true)")
                _ = try await transaction.query(statement(world))
            }
            #expect(try await broken(database) == [rule: [subject(world)]])
        }
    }

    @Test func aGapInSeqIsFound() async throws {
        try await expect("a conversation's seq runs from 1 to last_seq without a gap") {
            $0.group.description
        } brokenBy: {
            "DELETE FROM messages WHERE id = \($0.answer.id)"
        }
    }

    @Test func aRevisionBeyondItsConversationsIsFound() async throws {
        try await expect("no message's revision is beyond its conversation's") {
            $0.answer.id.description
        } brokenBy: {
            "UPDATE messages SET revision = revision + 1000 WHERE id = \($0.answer.id)"
        }
    }

    @Test func aMarkBeyondTheLastMessageIsFound() async throws {
        try await expect("nobody has read or received beyond last_seq") {
            "\($0.group)/\($0.bo)"
        } brokenBy: {
            "UPDATE members SET delivered_seq = 99 WHERE conversation_id = \($0.group) AND user_id = \($0.bo)"
        }
    }

    @Test func aConversationThatIsHiddenBeyondTheLastMessageIsFound() async throws {
        try await expect("no conversation is hidden beyond last_seq") {
            $0.direct.description
        } brokenBy: {
            "UPDATE conversations SET hidden_high_seq = last_seq + 1 WHERE id = \($0.direct)"
        }
    }

    @Test func aDirectConversationWithOneMemberIsFound() async throws {
        try await expect("a direct conversation has its two members") {
            $0.direct.description
        } brokenBy: {
            "DELETE FROM members WHERE conversation_id = \($0.direct) AND user_id = \($0.bo)"
        }
    }

    @Test func aGroupWithoutAnOwnerIsFound() async throws {
        try await expect("a group with members has an owner") {
            $0.group.description
        } brokenBy: {
            "UPDATE members SET role = 'admin' WHERE conversation_id = \($0.group) AND role = 'owner'"
        }
    }

    @Test func anAnswerToAnotherConversationIsFound() async throws {
        try await expect("an answer is to a message of its own conversation") {
            $0.answer.id.description
        } brokenBy: {
            "UPDATE messages SET reply_to = \($0.sent.id) WHERE id = \($0.answer.id)"
        }
    }

    @Test func anAttachmentOfSomebodyElseIsFound() async throws {
        try await expect("an attachment is its sender's own upload") {
            $0.sent.id.description
        } brokenBy: {
            "UPDATE uploads SET owner_id = \($0.bo)"
        }
    }

    @Test func aMessageWithoutTheNamesOfItsFilesIsFound() async throws {
        try await expect("a message has its attachments' names") {
            $0.sent.id.description
        } brokenBy: {
            "UPDATE messages SET file_names = NULL WHERE id = \($0.sent.id)"
        }
    }

    @Test func anUploadOfAnotherSizeIsFound() async throws {
        try await expect("an upload has the size of its content") {
            $0.sent.attachments.first?.id.description ?? "no attachment"
        } brokenBy: { _ in
            "UPDATE uploads SET size = size + 1"
        }
    }

    @Test func aUserWithoutAPasswordIsFound() async throws {
        try await expect("every user has a password") {
            $0.bo.description
        } brokenBy: {
            "DELETE FROM passwords WHERE user_id = \($0.bo)"
        }
    }

    @Test func everyRuleHasATest() {
        // Eleven tests stand above. Whoever adds a rule adds a test.
        #expect(InvariantStore.invariants.count == 11)
    }
}
