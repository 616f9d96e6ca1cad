import ChatModel
import ChatStore
import ChatTesting
import PostgresClient
import Synchronization
import Testing

@testable import Chat

/// Sending, changing and reading messages, and what others are told.
@Suite struct MessagesTests {
    private struct Stage {
        let group: ConversationID
        let owner: UserID
        let member: UserID
        let stranger: UserID

        init(_ test: TestChat) async throws {
            let people = try await test.database.people(3)
            (owner, member, stranger) = (people[0], people[1], people[2])
            group = try await test.database.group(owner, member)
        }
    }

    private func send(_ text: String, _ stage: Stage, from user: UserID? = nil, _ test: TestChat) async throws
        -> Message
    {
        try await test.chat.messages.send(
            MessageRequest(conversationId: stage.group, text: text), from: user ?? stage.owner
        ).message
    }

    @Test func repeatedMessageIsAnnouncedOnce() async throws {
        try await TestChat.run { test in
            let stage = try await Stage(test)
            let request = MessageRequest(conversationId: stage.group, text: "once", clientId: "1")
            let first = try await test.chat.messages.send(request, from: stage.owner)
            let second = try await test.chat.messages.send(request, from: stage.owner)
            #expect(!first.repeated && second.repeated)
            #expect(first.message.id == second.message.id)
            #expect(test.events.messages.map(\.id) == [first.message.id])
            #expect(
                try await refusal {
                    _ = try await test.chat.messages.send(
                        MessageRequest(conversationId: stage.group, text: "x"), from: stage.stranger)
                } == .notFound)
            #expect(test.events.messages.count == 1)
        }
    }

    /// It is written without the lane's task at first, which then does it again.
    @Test func aMessageThatMeetsAChangeIsStoredBehindIt() async throws {
        try await TestChat.run { test in
            let stage = try await Stage(test)
            let before = try await send("before", stage, test)
            let (locked, lock) = AsyncStream.makeStream(of: Void.self)
            async let changing: Void = test.database.onAnotherServer { other in
                _ = try await other.stores.conversations.change(stage.group) { change in
                    _ = try await change.lock(for: stage.owner)
                    lock.finish()
                    try await other.waitForLocks(1)
                    return try await change.setTitle("New")
                }
            }
            for await _ in locked {}
            async let late = send("late", stage, test)
            async let behind = send("behind", stage, from: stage.member, test)
            let (first, second) = try await (late, behind)
            try await changing
            #expect([first.seq, second.seq].sorted() == [2, 3])
            #expect(min(first.revision, second.revision) == before.revision + 2)
            #expect(Set(test.events.messages.map(\.id)) == [before.id, first.id, second.id])
            #expect(test.events.messages.map(\.seq) == [1, 2, 3])
        }
    }

    @Test func aMessageGoesToAConversationOrToAPerson() async throws {
        try await TestChat.run { test in
            let stage = try await Stage(test)
            let messages = test.chat.messages
            func send(_ request: MessageRequest) async throws -> ChatError.Code? {
                try await refusal { _ = try await messages.send(request, from: stage.owner) }
            }
            #expect(try await send(.init(text: "x")) == .validationFailed)
            #expect(
                try await send(.init(conversationId: stage.group, recipientId: stage.member, text: "x"))
                    == .validationFailed)
            #expect(try await send(.init(recipientId: stage.owner, text: "x")) == .validationFailed, "not to oneself")
            #expect(try await send(.init(recipientId: .make(), text: "x")) == .notFound)
            #expect(try await send(.init(recipientId: stage.member, text: "")) == .validationFailed)
            #expect(
                try await test.database.stores.conversations.positions(of: [stage.owner])[stage.owner]?.map(\.id)
                    == [stage.group],
                "what is refused makes no conversation")
            let first = try await messages.send(.init(recipientId: stage.member, text: "1"), from: stage.owner)
            let second = try await messages.send(.init(recipientId: stage.owner, text: "2"), from: stage.member)
            #expect(first.message.conversationId == second.message.conversationId)
            #expect(second.message.seq == 2)
        }
    }

    @Test func onlyItsSenderEditsAMessage() async throws {
        try await TestChat.run { test in
            let stage = try await Stage(test)
            let messages = test.chat.messages
            let message = try await send("first", stage, from: stage.member, test)
            func edit(_ text: String, _ user: UserID) async throws -> ChatError.Code? {
                try await refusal { _ = try await messages.edit(message.id, text: text, by: user) }
            }
            #expect(try await edit("x", stage.owner) == .forbidden)
            #expect(try await edit("x", stage.stranger) == .notFound)
            #expect(try await edit("", stage.member) == .validationFailed)
            #expect(try await edit("first", stage.member) == nil, "nothing changes")
            #expect(test.events.take().isEmpty)
            #expect(try await edit("second", stage.member) == nil)
            guard case .messageUpdated(let updated) = try #require(test.events.take().first) else {
                Issue.record("nobody was told")
                return
            }
            #expect(updated.text == "second" && updated.revision == message.revision + 1)
            try await test.database.mute(stage.member)
            #expect(try await edit("third", stage.member) == .muted)
        }
    }

    @Test func sendersAndManagersDeleteMessages() async throws {
        try await TestChat.run { test in
            let stage = try await Stage(test)
            let messages = test.chat.messages
            let (own, owners) = (
                try await send("a member's", stage, from: stage.member, test),
                try await send("the owner's", stage, test)
            )
            func delete(_ message: Message, _ user: UserID) async throws -> ChatError.Code? {
                try await refusal { _ = try await messages.delete(message.id, by: user) }
            }
            #expect(try await delete(owners, stage.member) == .forbidden)
            #expect(try await delete(owners, stage.stranger) == .notFound)
            try await test.database.mute(stage.member)
            #expect(try await delete(own, stage.member) == nil, "who may not speak may take back what they said")
            guard case .messageDeleted(let deleted) = try #require(test.events.take().first) else {
                Issue.record("nobody was told")
                return
            }
            #expect(deleted.id == own.id && deleted.text == "")
            #expect(try await delete(own, stage.owner) == nil)
            #expect(test.events.take().isEmpty, "deleting twice changes nothing")
            #expect(try await refusal { _ = try await messages.edit(own.id, text: "x", by: stage.member) } == .muted)
            #expect(
                try await refusal { _ = try await messages.react(own.id, emoji: "👍", add: true, by: stage.owner) }
                    == .gone)
        }
    }

    @Test func spellingsOfAnEmojiAreOneReaction() async throws {
        try await TestChat.run { test in
            let stage = try await Stage(test)
            let message = try await send("x", stage, test)
            func react(_ emoji: String, _ user: UserID, add: Bool = true) async throws -> Message {
                try await test.chat.messages.react(message.id, emoji: emoji, add: add, by: user)
            }
            _ = try await react("❤", stage.owner)
            let both = try await react("❤️", stage.member)
            #expect(both.reactions == [.init(emoji: "❤️", userIds: [stage.owner, stage.member])])
            #expect(try await react("❤️", stage.owner).revision == both.revision, "nothing changes")
            let told = test.events.take().compactMap {
                if case .reactionChanged(let one, _) = $0 { one.emoji } else { nil }
            }
            #expect(told == ["❤️", "❤️"])
            #expect(try await react("❤️", stage.owner, add: false).reactions.map(\.userIds) == [[stage.member]])
            #expect(try await react("❤", stage.member, add: false).reactions.isEmpty)
        }
    }

    /// What older versions stored as it was spelled, and what they took for emoji.
    @Test func olderReactionsAreReadAndTakenBack() async throws {
        try await TestChat.run { test in
            let stage = try await Stage(test)
            let message = try await send("x", stage, test)
            for (emoji, user) in [
                ("❤", stage.owner), ("❤️", stage.owner), ("❤️", stage.member), ("a\u{FE0F}", stage.owner),
            ] {
                try await test.database.storeReaction(emoji, to: message.id, by: user)
            }
            func react(_ emoji: String, _ user: UserID, add: Bool) async throws -> Message {
                try await test.chat.messages.react(message.id, emoji: emoji, add: add, by: user)
            }
            let found = try await test.database.stores.messages.find(message.id)
            #expect(Set(found?.reactions.map(\.emoji) ?? []) == ["❤️", "a\u{FE0F}"])
            #expect(found?.reactions.first { $0.emoji == "❤️" }.map { Set($0.userIds) } == [stage.owner, stage.member])
            #expect(found?.reactions.first { $0.emoji == "❤️" }?.userIds.count == 2)
            #expect(try await react("❤️", stage.owner, add: true).revision == message.revision, "it is there")
            #expect(
                try await refusal { _ = try await react("a\u{FE0F}", stage.member, add: true) } == .validationFailed)
            #expect(
                try await refusal { _ = try await react("b\u{FE0F}", stage.owner, add: false) } == .validationFailed)
            #expect(try await react("a\u{FE0F}", stage.owner, add: false).reactions.count == 1)
            #expect(try await react("❤️", stage.owner, add: false).reactions.map(\.userIds) == [[stage.member]])
        }
    }

    @Test func reactionsAreLimited() async throws {
        try await TestChat.run { test in
            let stage = try await Stage(test)
            let message = try await send("look", stage, test)
            func react(_ emoji: String, _ user: UserID, add: Bool = true) async throws -> ChatError.Code? {
                try await refusal {
                    _ = try await test.chat.messages.react(message.id, emoji: emoji, add: add, by: user)
                }
            }
            let emoji = (0..<20).map { String(UnicodeScalar(UInt32(0x1F600 + $0)) ?? "x") }
            for one in emoji { #expect(try await react(one, stage.owner) == nil) }
            #expect(try await react("👍", stage.owner) == .validationFailed, "too many different ones")
            #expect(try await react(emoji[0], stage.member) == nil)
            #expect(try await react(emoji[0], stage.stranger) == .notFound)
            #expect(try await react("word", stage.owner) == .validationFailed)
            let told = test.events.take().filter { if case .reactionChanged = $0 { true } else { false } }
            #expect(told.count == 21)
            #expect(try await react(emoji[0], stage.member) == nil)
            #expect(test.events.take().isEmpty, "it stood already")
            try await test.database.mute(stage.member)
            #expect(try await react(emoji[1], stage.member) == .muted)
            #expect(try await react(emoji[0], stage.member, add: false) == nil)
        }
    }

    @Test func historyPagesSayWhetherThereIsMore() async throws {
        try await TestChat.run { test in
            let stage = try await Stage(test)
            for number in 1...5 { _ = try await send("\(number)", stage, test) }
            let messages = test.chat.messages
            let newest = try await messages.history(
                of: stage.group, for: stage.member, before: nil, after: nil, limit: 3)
            #expect(newest.messages.map(\.text) == ["3", "4", "5"] && newest.hasMore)
            let older = try await messages.history(of: stage.group, for: stage.member, before: 3, after: nil, limit: 3)
            #expect(older.messages.map(\.text) == ["1", "2"] && !older.hasMore)
            let found = try await messages.find(newest.messages[0].id, for: stage.member)
            #expect(found.text == "3")
            #expect(try await refusal { _ = try await messages.find(found.id, for: stage.stranger) } == .notFound)
            #expect(
                try await refusal {
                    _ = try await messages.search("-word", for: stage.owner, in: nil, before: nil, limit: 1)
                } == .validationFailed)
            #expect(
                try await refusal {
                    _ = try await messages.search("word", for: stage.stranger, in: stage.group, before: nil, limit: 1)
                } == .notFound)
        }
    }

    @Test func marksAreAnnouncedAndOnlyMembersHaveThem() async throws {
        try await TestChat.run { test in
            let stage = try await Stage(test)
            _ = try await send("read me", stage, test)
            func mark(_ seq: Int, _ user: UserID) async throws -> ChatError.Code? {
                try await refusal {
                    try await withCheckedThrowingContinuation { continuation in
                        test.chat.messages.mark(seq, read: true, in: stage.group, by: user) {
                            continuation.resume(with: $0)
                        }
                    }
                }
            }
            #expect(try await mark(-1, stage.member) == .validationFailed)
            #expect(try await mark(1, stage.stranger) == .notFound)
            #expect(test.events.take().isEmpty)
            #expect(try await mark(5, stage.member) == nil)
            guard case .marksMoved(stage.group, let marks, widely: true) = try #require(test.events.take().first) else {
                Issue.record("nobody was told, or of something else")
                return
            }
            #expect(
                marks == [
                    MemberMarks(conversation: stage.group, user: stage.member, deliveredSeq: 1, readSeq: 1)
                ])
            #expect(try await mark(1, stage.member) == nil)
            #expect(test.events.take().isEmpty, "it stands already")
        }
    }

    @Test func waitingMarksAreWrittenWhenTheServerStops() async throws {
        let stopped = Mutex(0)
        try await TestDatabase.run { database in
            let (ana, reader) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, reader)
            for _ in 0..<3 { try await database.message(from: ana, to: group) }
            let marks = MarkWriter(store: database.stores.marks, events: RecordedEvents(), logger: .silent, lanes: 2)
            let running = Task { await marks.run() }
            for seq in 1...3 {
                marks.submit(seq, read: true, in: group, by: reader) { result in
                    if case .success = result { stopped.withLock { $0 += 1 } }
                }
            }
            running.cancel()
            await running.value
            #expect(stopped.withLock { $0 } == 3, "each was acknowledged")
            let stored = try await database.client.query("SELECT read_seq FROM members WHERE user_id = \(reader)").first
            #expect(try stored?.decode("read_seq", as: Int.self) == 3)
        }
    }

    @Test func ofManyMarksOfAMemberFewAreWritten() async throws {
        try await TestChat.run { test in
            let stage = try await Stage(test)
            for _ in 0..<20 { _ = try await send("read me", stage, test) }
            let results = AsyncStream<Void>.makeStream()
            for seq in 1...20 {
                test.chat.messages.mark(seq, read: true, in: stage.group, by: stage.member) { _ in
                    results.continuation.yield()
                }
            }
            var iterator = results.stream.makeAsyncIterator()
            for _ in 1...20 { await iterator.next() }
            let told = test.events.take().compactMap { event -> Int? in
                if case .marksMoved(_, let marks, _) = event { marks.first?.readSeq } else { nil }
            }
            #expect(told.count <= 2 && told == told.sorted(), "\(told)")
        }
    }
}
