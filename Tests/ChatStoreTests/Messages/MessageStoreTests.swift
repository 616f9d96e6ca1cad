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
                try await database.stores.messages.history(
                    group, before: before, after: after, limit: limit, for: ana
                ).map(\.seq)
            }
            #expect(try await seqs(nil, nil, 3) == [9, 8, 7], "the newest first")
            #expect(try await seqs(4, nil, 10) == [3, 2, 1])
            #expect(try await seqs(nil, 4, 2) == [5, 6])
            #expect(try await seqs(nil, 0, 2) == [1, 2])
            #expect(try await seqs(8, 4, 10) == [5, 6, 7])
        }
    }

    /// What messages carry is read with them, or after them.
    @Test func messagesAreWholeWhereverTheHistoryBegins() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let group = try await database.group(ana)
            let store = database.stores.messages
            var ids: [MessageID] = []
            for number in 1...4 {
                let upload = try await database.upload(ana).id
                ids.append(try await database.message("\(number)", from: ana, to: group, attachments: [upload]).id)
                try await database.storeReaction("👍", to: ids[number - 1], by: ana)
            }
            try await database.deleteMessage(ids[1], by: ana)
            let all = try await store.find(ids)
            #expect(all.map(\.attachments.count) == [1, 0, 1, 1])
            #expect(all.map(\.reactions.count) == [1, 0, 1, 1])
            func texts(_ messages: [Message]) -> [String] {
                messages.map { "\($0.text) \($0.attachments.map(\.id)) \($0.reactions.map(\.emoji))" }
            }
            func history(_ before: Int?, _ after: Int?, _ limit: Int = 10) async throws -> [String] {
                texts(try await store.history(group, before: before, after: after, limit: limit, for: ana))
            }
            #expect(try await history(nil, nil) == texts(all.reversed()))
            #expect(try await history(4, nil) == texts(all.prefix(3).reversed()))
            #expect(try await history(4, nil, 2) == texts(all[1...2].reversed()))
            #expect(try await history(nil, 0) == texts(all))
            #expect(try await history(4, 1) == texts(Array(all[1...2])))
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
            let changed = try await store.changed(group, since: first.revision, limit: 10, for: ana)
            #expect(changed.map(\.text) == ["second", "edited"])
            #expect(changed.last?.editedAt != nil)
            #expect(try await store.changed(group, since: revision, limit: 10, for: ana).isEmpty)
        }
    }

    @Test func changesOfSeveralConversationsAreReadTogether() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let (busy, quiet, other) = (
                try await database.group(ana), try await database.group(ana), try await database.group(ana)
            )
            var messages: [Message] = []
            for number in 1...4 {
                for group in [busy, other] {
                    messages.append(try await database.message("\(number)", from: ana, to: group))
                }
            }
            let store = database.stores.messages
            let edited = try await database.change(messages[0]) { try await $0.edit(text: "1 edited") }
            let changed = try await store.changed(
                since: [(busy, messages[0].revision), (quiet, 0), (other, messages[5].revision)], for: ana,
                limit: 3)
            #expect(changed.mapValues { $0.map(\.text) } == [busy: ["2", "3", "4"], quiet: [], other: ["4"]])
            #expect(
                try await store.changed(since: [(other, 1000), (busy, edited - 1)], for: ana, limit: 3)[busy]?.count
                    == 1)
            let newest = try await store.newest(of: [busy, other, quiet], for: ana, limit: 2)
            #expect(newest.mapValues { $0.map(\.text) } == [busy: ["3", "4"], other: ["3", "4"], quiet: []])
            // Only what is whole: the second may be, or not.
            #expect(
                Set(try await store.newest(of: [busy, other, quiet], for: ana, limit: 2, total: 4).keys) == [busy])
            #expect(
                Set(try await store.newest(of: [quiet, busy], for: ana, limit: 2, total: 3).keys) == [quiet, busy])
            #expect(try await store.newest(of: [], for: ana, limit: 2).isEmpty)
            // Whoever was removed meanwhile reads nothing that was stored after.
            let bo = try await database.person()
            #expect(try await store.newest(of: [busy], for: bo, limit: 2) == [busy: []])
            #expect(try await store.changed(since: [(busy, 1)], for: bo, limit: 3) == [busy: []])
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

    /// Whoever has the lowest mark of all may be the message's sender, and closed accounts count only without others.
    @Test func aStatusIsTheSameInAPage() async throws {
        try await TestDatabase.run { database in
            let people = try await database.people(3)
            let group = try await database.group(people[0])
            try await database.stores.conversations.change(group) {
                _ = try await $0.add(Array(people.dropFirst()), by: nil)
            }
            for sender in people { try await database.message(from: sender, to: group) }
            var seen: Set<Message.Status> = []
            // Each person's read mark, how many messages more were delivered, and whether the account is closed.
            for state in 0..<512 where state % 5 == 0 {
                let states = (0..<3).map { state >> ($0 * 3) & 7 }
                let marks = states.map { (read: $0 & 3, delivered: min(3, ($0 & 3) + 1), closed: $0 > 3) }
                for (person, mark) in zip(people, marks) {
                    try await database.client.query(
                        """
                        UPDATE members SET read_seq = \(mark.read), delivered_seq = \(mark.delivered), closed = \(mark.closed)
                        WHERE conversation_id = \(group) AND user_id = \(person)
                        """)
                }
                let store = database.stores.messages
                let page = try await store.history(group, before: 9, after: nil, limit: 9, for: people[0])
                let changed = try await store.changed(group, since: 0, limit: 9, for: people[0])
                let alone = try await store.find(page.map(\.id))
                let expected = people.indices.map { sender -> Message.Status in
                    let others = marks.indices.filter { $0 != sender }.map { marks[$0] }
                    let open = others.filter { !$0.closed }
                    let counted = open.isEmpty ? others : open
                    if counted.allSatisfy({ $0.read > sender }) { return .read }
                    return counted.allSatisfy { $0.delivered > sender } ? .delivered : .sent
                }
                seen.formUnion(expected)
                #expect(alone.map(\.status) == expected, "\(marks)")
                #expect(page.reversed().map(\.status) == expected, "\(marks)")
                #expect(changed.map(\.status) == expected, "\(marks)")
            }
            #expect(seen.count == 3)
        }
    }

    @Test func spellingsOfOneEmojiAreOneReaction() async throws {
        try await TestDatabase.run { database in
            let people = try await database.people(3)
            let group = try await database.group(people[0])
            let message = try await database.message(from: people[0], to: group)
            for (emoji, person) in [("❤", 0), ("👍", 1), ("❤\u{FE0F}", 0), ("❤\u{FE0F}", 2), ("❤", 1)] {
                try await database.storeReaction(emoji, to: message.id, by: people[person])
            }
            #expect(
                try await database.stores.messages.find(message.id)?.reactions == [
                    .init(emoji: "❤\u{FE0F}", userIds: people[0...0] + [people[2], people[1]]),
                    .init(emoji: "👍", userIds: [people[1]]),
                ])
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
