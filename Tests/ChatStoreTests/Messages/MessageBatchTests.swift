import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

/// Who may send, and the outcomes of a batch. SQL decides, in the transaction that stores the messages.
@Suite struct MessageBatchTests {
    /// A message that comes alone is stored by another statement than those of a batch, by the same rules.
    private static let companies = [0, 1]

    @Test(arguments: companies) func onlyMembersSend(company: Int) async throws {
        try await TestDatabase.run(company: company) { database in
            let (ana, bo, cleo) = (
                try await database.person(), try await database.person(), try await database.person()
            )
            let secret = try await database.group(ana, bo)
            let open = try await database.group(ana, visibility: .public)
            #expect(try await database.send(from: bo, to: secret).refusal == nil)
            #expect(try await database.send(from: cleo, to: secret).refusal == .notFound)
            #expect(try await database.send(from: cleo, to: open).refusal == .notAMember)
            #expect(try await database.send(from: ana, to: .make()).refusal == .notFound)
        }
    }

    @Test func storedMessagesAreNumberedWithoutGaps() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            let other = try await database.group(bo)
            func draft(_ text: String, _ sender: UserID, _ conversation: ConversationID) throws -> Draft {
                try Draft(
                    MessageRequest(text: text), to: conversation, from: sender, origin: nil, filter: WordFilter([]),
                    hasRoom: text != "full")
            }
            let outcomes = try await database.stores.messages.insert(
                MessageBatch([
                    draft("1", ana, group), draft("full", ana, group), draft("2", bo, group),
                    draft("elsewhere", bo, other), draft("stranger", ana, other), draft("3", ana, group),
                ]), on: 0
            ).outcomes
            #expect(
                outcomes.map(\.refusal) == [nil, .quotaExceeded, nil, nil, .notFound, nil],
                "each is decided about by itself")
            let history = try await database.stores.messages.history(group, before: nil, after: 0, limit: 10, for: ana)
            #expect(history.map(\.text) == ["1", "2", "3"])
            #expect(history.map(\.seq) == [1, 2, 3])
            #expect(history.map(\.revision) == [1, 2, 3].map { $0 + (history.first?.revision ?? 0) - 1 })
            #expect(try await database.message("4", from: ana, to: group).seq == 4)
        }
    }

    @Test(arguments: companies) func clientIdIsStoredOnceAndForOneRequest(company: Int) async throws {
        try await TestDatabase.run(company: company) { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            let first = try await database.message("once", from: ana, to: group, clientId: "1")
            guard case .repeated(let id) = try await database.send("once", from: ana, to: group, clientId: "1") else {
                Issue.record("it is not known again")
                return
            }
            #expect(id == first.id)
            #expect(try await database.send("other", from: ana, to: group, clientId: "1").refusal == .conflict)
            #expect(try await database.send("once", from: bo, to: group, clientId: "1").refusal == nil, "another's")
            let elsewhere = try await database.group(ana)
            #expect(try await database.send("once", from: ana, to: elsewhere, clientId: "1").refusal == nil)
            // An edit changes nothing: the first request counts.
            _ = try await database.change(first) { try await $0.edit(text: "edited") }
            guard case .repeated = try await database.send("once", from: ana, to: group, clientId: "1") else {
                Issue.record("it is not known after an edit")
                return
            }
        }
    }

    @Test(arguments: companies) func refusalsNameTheReason(company: Int) async throws {
        try await TestDatabase.run(company: company) { database in
            let (muted, banned, disabled, shutOut, other) = (
                try await database.person(), try await database.person(), try await database.person(),
                try await database.person(), try await database.person()
            )
            let group = try await database.group(other, muted, banned, disabled, shutOut)
            let direct = try await database.direct(shutOut, other)
            try await database.mute(muted)
            try await database.ban(banned)
            try await database.stores.users.disable(disabled)
            _ = try await database.stores.blocks.insert(shutOut, by: other)
            #expect(try await database.send(from: muted, to: group).refusal == .muted)
            #expect(try await database.send(from: banned, to: group).refusal == .banned)
            #expect(try await database.send(from: disabled, to: group).refusal == .banned)
            #expect(try await database.send(from: shutOut, to: direct).refusal == .forbidden)
            #expect(try await database.send(from: shutOut, to: group).refusal == nil, "a block is for what is direct")
            #expect(try await database.send(from: other, to: direct).refusal == nil, "and for one direction")
            _ = try await database.client.query("UPDATE users SET banned_until = now() WHERE id = \(banned.uuid)")
            #expect(try await database.send(from: banned, to: group).refusal == nil, "a ban that has ended")
        }
    }

    @Test(arguments: companies) func nobodyWritesDirectlyToAClosedAccount(company: Int) async throws {
        try await TestDatabase.run(company: company) { database in
            let people = try await database.people(3)
            let (ana, banned, disabled) = (people[0], people[1], people[2])
            let group = try await database.group(ana, banned, disabled)
            let directs = [try await database.direct(ana, banned), try await database.direct(ana, disabled)]
            let sent = try await database.message(from: ana, to: directs[0], clientId: "before")
            try await database.ban(banned)
            try await database.stores.users.disable(disabled)
            for direct in directs {
                guard case .refused(let error) = try await database.send(from: ana, to: direct) else {
                    Issue.record("was sent")
                    continue
                }
                #expect(error == ChatError(.forbidden, "this account is closed"))
            }
            #expect(try await database.send(from: ana, to: group).refusal == nil, "a group goes on")
            guard case .repeated(sent.id) = try await database.send(from: ana, to: directs[0], clientId: "before")
            else {
                Issue.record("what was stored is found")
                return
            }
            _ = try await database.client.query("UPDATE users SET banned_at = NULL WHERE id = \(banned.uuid)")
            #expect(try await database.send(from: ana, to: directs[0]).refusal == nil)
        }
    }

    @Test func messageSaysThatItBringsAHiddenConversationBack() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let store = database.stores.conversations
            let direct = try #require(try await store.direct(ana, bo)).id
            func draft(_ text: String) throws -> Draft {
                try Draft(
                    MessageRequest(text: text), to: direct, from: ana, origin: nil, filter: WordFilter([]),
                    hasRoom: text != "full")
            }
            let first = try await database.stores.messages.insert(
                MessageBatch([draft("full"), draft("1"), draft("2")]), on: 0)
            #expect(first.revealing.map(\.text) == ["1"], "the first that is stored")
            #expect(try await store.revealed(by: 1, in: direct) == [bo])
            let second = try await database.stores.messages.insert(MessageBatch([draft("3")]), on: 0)
            #expect(second.revealing.isEmpty)
            for person in [ana, bo] {
                #expect(try await store.change(direct) { try await $0.hide(from: person) } != nil)
                #expect(try await store.change(direct) { try await $0.hide(from: person) } == nil, "it is hidden")
            }
            let third = try await database.stores.messages.insert(MessageBatch([draft("4")]), on: 0)
            #expect(third.revealing.map(\.text) == ["4"])
            #expect(Set(try await store.revealed(by: 4, in: direct)) == [ana, bo])
            #expect(try await store.change(direct) { try await $0.hide(from: bo) } != nil)
            #expect(try await store.revealed(by: 4, in: direct) == [ana], "not who hid it since")
        }
    }

    @Test(arguments: companies) func wordsAreRefusedMaskedAndReported(company: Int) async throws {
        try await TestDatabase.run(company: company) { database in
            let ana = try await database.person()
            let group = try await database.group(ana)
            let filter = WordFilter([("bad", .refuse), ("darn", .mask), ("coin", .report)])
            #expect(
                try await database.send("so bad", from: ana, to: group, filter: filter).refusal == .validationFailed)
            guard
                case .stored(let masked) = try await database.send("darn coin", from: ana, to: group, filter: filter)
            else {
                Issue.record("it was refused")
                return
            }
            #expect(masked.text == "**** coin")
            let reports = try await database.client.query("SELECT message_id, reporter_id, reason FROM reports")
            #expect(reports.count == 1)
            #expect(try reports[0].decode("message_id") == masked.id.uuid)
            #expect(try reports[0].decode("reason") == "word filter: coin")
        }
    }

    @Test(arguments: companies) func aReplyIsToAMessageOfTheSameConversation(company: Int) async throws {
        try await TestDatabase.run(company: company) { database in
            let ana = try await database.person()
            let (group, other) = (try await database.group(ana), try await database.group(ana))
            let message = try await database.message(from: ana, to: other)
            #expect(try await database.send(from: ana, to: group, replyTo: message.id).refusal == .validationFailed)
            #expect(try await database.send(from: ana, to: group, replyTo: .make()).refusal == .validationFailed)
            #expect(try await database.message(from: ana, to: other, replyTo: message.id).replyTo == message.id)
        }
    }

    @Test func attachmentsAreTheSendersOwnAndExist() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            let upload = try await database.upload(ana)
            #expect(
                try await database.send(from: bo, to: group, attachments: [upload.id]).refusal == .validationFailed)
            #expect(try await database.send(from: ana, to: group, attachments: [.make()]).refusal == .validationFailed)
            let message = try await database.message(from: ana, to: group, attachments: [upload.id])
            #expect(message.attachments.map(\.id) == [upload.id])
            // An upload can be sent again until every message that carried it is deleted.
            let second = try await database.message(from: ana, to: group, attachments: [upload.id])
            try await database.deleteMessage(message.id, by: ana)
            try await database.deleteMessage(second.id, by: ana)
            #expect(
                try await database.send(from: ana, to: group, attachments: [upload.id]).refusal == .validationFailed)
        }
    }

    /// A repeated message is answered as before, even to a user who may not send any more.
    @Test(arguments: companies) func repetitionIsAnsweredEvenWhenSendingIsNotAllowedAnyMore(company: Int) async throws {
        try await TestDatabase.run(company: company) { database in
            let ana = try await database.person()
            let group = try await database.group(ana)
            try await database.message("once", from: ana, to: group, clientId: "1")
            try await database.mute(ana)
            guard case .repeated = try await database.send("once", from: ana, to: group, clientId: "1") else {
                Issue.record("it is not known again")
                return
            }
            #expect(try await database.send("new", from: ana, to: group, clientId: "2").refusal == .muted)
        }
    }

    /// Sends forty messages one after the other. Returns where they were stored.
    private func numbers(
        sentBy sender: UserID, to group: ConversationID, lane: Int, _ database: TestDatabase
    ) async throws -> [Int] {
        var numbers: [Int] = []
        for number in 0..<40 {
            guard case .stored(let message) = try await database.send("\(number)", from: sender, to: group, lane: lane)
            else { continue }
            numbers.append(message.seq)
        }
        return numbers
    }

    /// Messages of several lanes, as of several servers: each statement finds the conversation changed by another.
    @Test func loneMessagesThatMeetAreNumberedWithoutGaps() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            async let first = numbers(sentBy: ana, to: group, lane: 0, database)
            async let second = numbers(sentBy: bo, to: group, lane: 1, database)
            let stored = try await first + second
            #expect(stored.sorted() == Array(1...80))
            let rows = try await database.client.query(
                "SELECT last_seq, revision FROM conversations WHERE id = \(group)")
            #expect(try rows.first?.decode("last_seq", as: Int.self) == 80)
            let messages = try await database.client.query(
                "SELECT max(revision) AS revision FROM messages WHERE conversation_id = \(group)")
            #expect(
                try messages.first?.decode("revision", as: Int.self) == rows.first?.decode("revision", as: Int.self))
        }
    }

    /// Sends a message while `change` holds the conversation's lock. The statement that stores it began before.
    private func outcome(
        sentBy sender: UserID, to conversation: ConversationID, clientId: String? = nil, _ database: TestDatabase,
        during change: @escaping @Sendable (ConversationChange) async throws -> Void
    ) async throws -> MessageBatch.Outcome {
        let (locked, lock) = AsyncStream.makeStream(of: Void.self)
        async let changing: Void = database.stores.conversations.change(conversation) { transaction in
            _ = try await transaction.lock(for: sender)
            lock.finish()
            try await database.waitForLocks(1)
            try await change(transaction)
        }
        for await _ in locked {}
        let outcome = try await database.send("late", from: sender, to: conversation, clientId: clientId, lane: 1)
        try await changing
        return outcome
    }

    @Test func loneMessageSeesWhatWasCommittedBeforeItGotItsLock() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            let removed = try await outcome(sentBy: bo, to: group, database) {
                _ = try await $0.remove(bo, by: ana)
            }
            #expect(removed.refusal == .notFound, "a removal that was committed first counts")
            #expect(try await database.message(from: ana, to: group).seq == 1, "nothing was numbered")
            let direct = try await database.direct(ana, bo)
            let hidden = try await outcome(sentBy: ana, to: direct, database) { _ = try await $0.hide(from: ana) }
            guard case .stored(let message) = hidden else {
                Issue.record("it was not stored")
                return
            }
            #expect(message.seq == 1)
            #expect(try await database.stores.conversations.revealed(by: 1, in: direct) == [ana])
        }
    }

    /// Two servers get the same message at once.
    @Test func loneMessageIsStoredOnceWhenItIsSentTwiceAtOnce() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            let outcome = try await outcome(sentBy: ana, to: group, clientId: "1", database) { change in
                let draft = try Draft(
                    MessageRequest(text: "late", clientId: "1"), to: group, from: ana, origin: nil,
                    filter: WordFilter([]), hasRoom: true)
                try await change.transaction.queries(MessageBatch([draft]).queries)
            }
            guard case .repeated = outcome else {
                Issue.record("it is not known again")
                return
            }
        }
    }
}
