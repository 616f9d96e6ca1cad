import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct MessageStoreTests {
    @Test func historyLiesBetweenExclusiveBounds() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let group = try await database.group(ana)
            for number in 1...9 { try await database.message("\(number)", from: ana, to: group) }
            func seqs(_ before: Int?, _ after: Int?, _ limit: Int) async throws -> [Int] {
                try await database.stores.messages.history(group, before: before, after: after, limit: limit).map(\.seq)
            }
            #expect(try await seqs(nil, nil, 3) == [7, 8, 9], "the newest, ascending")
            #expect(try await seqs(4, nil, 10) == [1, 2, 3])
            #expect(try await seqs(nil, 4, 2) == [5, 6])
            #expect(try await seqs(nil, 0, 2) == [1, 2])
            #expect(try await seqs(8, 4, 10) == [5, 6, 7])
        }
    }

    @Test func historyIsForMembers() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let secret = try await database.group(ana)
            let open = try await database.group(ana, visibility: .public)
            let store = database.stores.messages
            func read(_ conversation: ConversationID, _ user: UserID) async throws -> ChatError.Code? {
                try await refusal {
                    _ = try await store.history(conversation, before: nil, after: nil, limit: 1, for: user)
                }
            }
            #expect(try await read(secret, ana) == nil)
            #expect(try await read(secret, bo) == .notFound)
            #expect(try await read(open, bo) == .notAMember)
            #expect(
                try await refusal { _ = try await store.changed(secret, since: 0, limit: 1, for: bo) } == .notFound)
        }
    }

    @Test func changesComeInOrderOfRevision() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let group = try await database.group(ana)
            let store = database.stores.messages
            let first = try await database.message("first", from: ana, to: group)
            let second = try await database.message("second", from: ana, to: group)
            let revision = try await database.change(first) { try await $0.edit(text: "edited") }
            #expect(revision == second.revision + 1)
            let changed = try await store.changed(group, since: first.revision, limit: 10)
            #expect(changed.map(\.text) == ["second", "edited"])
            #expect(changed.last?.editedAt != nil)
            #expect(try await store.changed(group, since: revision, limit: 10).isEmpty)
        }
    }

    @Test func deletedMessageKeepsItsPlaceWithoutContent() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            let upload = try await database.upload(ana)
            let message = try await database.message("secret", from: ana, to: group, attachments: [upload.id])
            _ = try await database.change(message) { try await $0.react(emoji: "👍", by: bo, add: true) }
            #expect(try await database.stores.messages.find(message.id)?.reactions.map(\.userIds) == [[bo]])
            try await database.deleteMessage(message.id, by: ana)
            let deleted = try await database.stores.messages.find(message.id)
            #expect(deleted?.seq == message.seq)
            #expect(deleted?.text == "")
            #expect(deleted?.attachments == [])
            #expect(deleted?.reactions == [])
            #expect(deleted?.deletedAt != nil)
            let rows = try await database.client.query("SELECT text FROM messages")
            #expect(try rows[0].decode("text") == "", "not only hidden")
        }
    }

    @Test func aReactionCountsOnce() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            let message = try await database.message(from: ana, to: group)
            func react(_ user: UserID, _ add: Bool) async throws -> Int? {
                try await database.change(message) { try await $0.react(emoji: "👍", by: user, add: add) }
            }
            #expect(try await react(bo, false) == nil)
            #expect(try await react(bo, true) == message.revision + 1)
            #expect(try await react(bo, true) == nil)
            #expect(try await react(ana, true) == message.revision + 2)
            #expect(
                try await database.stores.messages.find(message.id)?.reactions == [
                    .init(emoji: "👍", userIds: [bo, ana])
                ])
            #expect(try await react(bo, false) == message.revision + 3)
            #expect(
                try await database.stores.messages.find(message.id)?.reactions == [.init(emoji: "👍", userIds: [ana])])
        }
    }

    @Test func aMessageIsReadWhenAllOthersHaveReadIt() async throws {
        try await TestDatabase.run { database in
            let (ana, bo, cleo) = (
                try await database.person(), try await database.person(), try await database.person()
            )
            let group = try await database.group(ana, bo, cleo)
            let alone = try await database.group(ana)
            let message = try await database.message(from: ana, to: group)
            func status() async throws -> Message.Status? {
                try await database.stores.messages.find(message.id)?.status
            }
            func mark(_ user: UserID, delivered: Int, read: Int) async throws {
                _ = try await database.stores.marks.move(
                    [.init(conversation: group, user: user, delivered: delivered, read: read)], passingBy: false)
            }
            #expect(try await status() == .sent)
            try await mark(bo, delivered: 1, read: 1)
            #expect(try await status() == .sent)
            try await mark(cleo, delivered: 1, read: 0)
            #expect(try await status() == .delivered)
            try await mark(cleo, delivered: 1, read: 1)
            #expect(try await status() == .read)
            let unheard = try await database.message(from: ana, to: alone)
            #expect(try await database.stores.messages.find(unheard.id)?.status == .sent, "nobody could read it")
        }
    }

    @Test func lockedRowsAreFound() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let (held, free) = (try await database.group(ana), try await database.group(ana))
            let rows: Set<LockedRow> = [.conversation(held), .conversation(free), .user(ana)]
            let store = database.stores.messages
            try await database.client.withTransaction { transaction in
                _ = try await transaction.query("SELECT 1 FROM conversations WHERE id = \(held.uuid) FOR UPDATE")
                #expect(try await store.locked(among: rows, on: 0) == [.conversation(held)])
            }
            #expect(try await store.locked(among: rows, on: 0) == [])
        }
    }

    @Test func oneOpenReportOfAMessageIsEnough() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let message = try await database.message(from: ana, to: try await database.group(ana, bo))
            for user in [bo, bo, ana] {
                try await database.stores.messages.report(message.id, by: user, reason: "rude")
            }
            func count() async throws -> Int {
                try await database.client.query("SELECT count(*) AS count FROM reports")[0].decode("count")
            }
            #expect(try await count() == 2)
            _ = try await database.client.query("UPDATE reports SET closed_at = now()")
            try await database.stores.messages.report(message.id, by: bo, reason: "again")
            #expect(try await count() == 3)
        }
    }
}
