import ChatModel
import ChatTesting
import Testing

@testable import Chat

@Suite struct SyncTests {
    private let measure = AnswerMeasure(message: { _ in 100 }, conversation: { _ in 100 }, user: { _ in 100 })

    @Test func deviceLearnsWhatChangedSince() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(2)
            let (ana, bo) = (people[0], people[1])
            let (group, quiet, left) = (
                try await test.database.group(ana, bo), try await test.database.group(ana), ConversationID.make()
            )
            let first = try await test.database.message("first", from: bo, to: group)
            try await test.database.message("second", from: bo, to: group)
            let known = try await test.chat.sync.changes(for: ana, known: [:], measure: measure)
            #expect(Set(known.conversations.map(\.id)) == [group, quiet], "unnamed is new")
            #expect(known.removed == [])
            let revisions = Dictionary(uniqueKeysWithValues: known.conversations.map { ($0.id, $0.revision) })
            #expect(
                try await test.chat.sync.changes(for: ana, known: revisions, measure: measure).conversations.isEmpty)

            let changes = try await test.chat.sync.changes(
                for: ana, known: [group: first.revision, quiet: revisions[quiet] ?? 0, left: 7], measure: measure)
            #expect(changes.removed == [left])
            let change = try #require(changes.conversations.first)
            #expect(changes.conversations.count == 1)
            #expect(change.messages.map(\.text) == ["second"])
            #expect(change.revision == revisions[group])
            #expect(change.conversation?.unreadCount == 2)
            #expect(!change.more)
            // An impossible revision: the database was restored from a backup.
            let ahead = try await test.chat.sync.changes(
                for: ana, known: [group: 1_000_000, quiet: revisions[quiet] ?? 0], measure: measure)
            #expect(ahead.conversations.first?.messages.map(\.text) == ["first", "second"])
        }
    }

    @Test func answerSaysWhenThereIsMore() async throws {
        try await TestChat.run { test in
            let ana = try await test.database.person()
            let group = try await test.database.group(ana)
            var messages: [Message] = []
            for number in 1...105 {
                messages.append(try await test.database.message("\(number)", from: ana, to: group))
            }
            let sync = test.chat.sync
            let fresh = try #require(try await sync.changes(for: ana, known: [:], measure: measure).conversations.first)
            #expect(fresh.messages.map(\.text) == (56...105).map(String.init), "the newest of a new one")
            #expect(fresh.more)
            let first = try #require(
                try await sync.changes(for: ana, known: [group: messages[0].revision], measure: measure).conversations
                    .first)
            #expect(first.messages.map(\.text) == (2...101).map(String.init))
            #expect(first.more && first.revision == messages[100].revision)
            let rest = try #require(
                try await sync.changes(for: ana, known: [group: first.revision], measure: measure).conversations.first)
            #expect(rest.messages.map(\.text) == (102...105).map(String.init))
            #expect(!rest.more)
        }
    }

    /// More conversations than one step reads, of which some hold more than one answer may.
    @Test func manyConversationsComeWholeAndInOrder() async throws {
        try await TestChat.run { test in
            let ana = try await test.database.person()
            var (known, expected): ([ConversationID: Int], [ConversationID: [String]]) = ([:], [:])
            var isNew: Set<ConversationID> = []
            for number in 1...30 {
                let group = try await test.database.group(ana)
                let first = try await test.database.message("first", from: ana, to: group)
                if number % 4 == 0 { isNew.insert(group) } else { known[group] = first.revision }
                let texts = (0..<(number % 7 == 0 ? 130 : number)).map { "\($0)" }
                for text in texts { try await test.database.message(text, from: ana, to: group) }
                expected[group] = isNew.contains(group) ? ["first"] + texts : texts
            }
            var (got, answers): ([ConversationID: [String]], Int) = ([:], 0)
            while answers < 20 {
                let answer = try await test.chat.sync.changes(for: ana, known: known, measure: measure)
                if answer.conversations.isEmpty { break }
                answers += 1
                #expect(answer.conversations.map(\.messages.count).reduce(0, +) <= 500)
                for changes in answer.conversations {
                    got[changes.id, default: []] += changes.messages.map(\.text)
                    known[changes.id] = changes.revision
                }
            }
            #expect(answers > 1 && answers < 20)
            #expect(got.keys == expected.keys)
            for (group, texts) in got {
                // Of a new one, the newest that the answer had room for.
                let wanted = expected[group] ?? []
                #expect(isNew.contains(group) ? Array(wanted.suffix(texts.count)) == texts : wanted == texts)
                #expect(!texts.isEmpty)
            }
        }
    }
}
