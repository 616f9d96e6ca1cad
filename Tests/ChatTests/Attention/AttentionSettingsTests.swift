import ChatModel
import ChatTesting
import Testing

@testable import Chat

@Suite struct AttentionSettingsTests {
    private struct Told: Equatable {
        var attention: Attention
        var conversation: ConversationID
        var user: UserID
    }

    private func told(_ test: TestChat) -> [Told] {
        test.events.take().compactMap {
            guard case .attentionChanged(let attention, let conversation, let user) = $0 else { return nil }
            return Told(attention: attention.unversioned, conversation: conversation, user: user)
        }
    }

    @Test func changeIsToldToItsOwner() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(2)
            let group = try await test.database.group(people[0], people[1])
            let change = AttentionChange(notifications: Attention.Notifications.none, isPinned: true)
            let view = try await test.chat.attention.change(change, of: group, by: people[0])
            let expected = Attention(notifications: .none, isPinned: true)
            #expect(view.me?.attention.unversioned == expected)
            #expect(told(test) == [Told(attention: expected, conversation: group, user: people[0])])
            let other = try await test.chat.conversations.find(group, for: people[1])
            #expect(other.me?.attention.unversioned == Attention())
            for nothing in [AttentionChange(), change] {
                let same = try await test.chat.attention.change(nothing, of: group, by: people[0])
                #expect(same.me?.attention == view.me?.attention)
            }
            #expect(told(test).isEmpty)
        }
    }

    @Test func onlyMembersChangeIt() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(2)
            let open = try await test.database.group(people[0], visibility: .public)
            let closed = try await test.database.group(people[0])
            let change = AttentionChange(isArchived: true)
            for (id, code) in [(open, ChatError.Code.notAMember), (closed, .notFound), (.make(), .notFound)] {
                #expect(
                    try await refusal { _ = try await test.chat.attention.change(change, of: id, by: people[1]) }
                        == code)
            }
            #expect(told(test).isEmpty)
        }
    }

    @Test func outsiderWhoAsksForNothingIsRefusedAsWell() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(2)
            let open = try await test.database.group(people[0], visibility: .public)
            let code = try await refusal {
                _ = try await test.chat.attention.change(AttentionChange(), of: open, by: people[1])
            }
            #expect(code == .notAMember)
        }
    }

    /// The second mark waits for its second to be written. What is asked for after it holds.
    @Test func markThatWaitsDoesNotTakeBackWhatIsAskedForLater() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(2)
            let (ana, bo) = (people[0], people[1])
            let group = try await test.database.group(ana, bo)
            for _ in 1...2 { try await test.database.message(from: ana, to: group) }
            func read(_ seq: Int) async throws {
                try await withCheckedThrowingContinuation { continuation in
                    test.chat.messages.mark(seq, read: true, in: group, by: bo) { continuation.resume(with: $0) }
                }
            }
            try await read(1)
            test.chat.messages.mark(2, read: true, in: group, by: bo) { _ in }
            let view = try await test.chat.attention.change(AttentionChange(isMarkedUnread: true), of: group, by: bo)
            #expect(view.me?.attention.isMarkedUnread == true && view.me?.readSeq == 2)
            _ = test.events.take()
            try await read(2)
            #expect(told(test) == [Told(attention: Attention(), conversation: group, user: bo)])
        }
    }
}
