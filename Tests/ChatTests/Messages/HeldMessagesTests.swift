import ChatModel
import Testing

@testable import Chat

@Suite struct HeldMessagesTests {
    private struct Item {
        var draft: Draft
        var text: String { draft.text }
    }

    private let conversations = (0..<2).map { _ in ConversationID.make() }
    private let senders = (0..<2).map { _ in UserID.make() }

    private func item(_ text: String, to conversation: Int = 0, by sender: Int = 0, replyTo: MessageID? = nil) throws
        -> Item
    {
        let request = MessageRequest(conversationId: conversations[conversation], text: text, replyTo: replyTo)
        return Item(
            draft: try Draft(
                request, to: conversations[conversation], from: senders[sender], origin: nil, filter: WordFilter([]),
                hasRoom: true))
    }

    private func held(
        maximum: Int = 100, maxEach: Int = 100, maxBytes: Int = 1 << 20
    ) -> HeldMessages<Item> {
        HeldMessages(maximum: maximum, maxEach: maxEach, maxBytes: maxBytes) { $0.draft }
    }

    @Test func aLockedConversationHoldsItsOwnOnly() throws {
        var held = held()
        #expect(held.hold(try item("free")) == .free)
        held.note(locked: [.conversation(conversations[0])])
        #expect(held.hold(try item("1")) == .held)
        #expect(held.hold(try item("2", by: 1)) == .held)
        #expect(held.hold(try item("elsewhere", to: 1)) == .free)
        #expect(held.release().isEmpty)
        held.note(free: [.conversation(conversations[0])])
        #expect(held.release().map(\.text) == ["1", "2"])
        #expect(held.isEmpty)
        #expect(held.hold(try item("3")) == .free)
    }

    /// What one sender sends to one conversation stays in its order; others go on.
    @Test func aLockedRowHoldsWhatItsSenderSendsAfterwards() throws {
        var held = held()
        let answered = MessageID.make()
        held.note(locked: [.message(answered)])
        #expect(held.hold(try item("1", replyTo: answered)) == .held)
        #expect(held.hold(try item("2")) == .held)
        #expect(held.hold(try item("other sender", by: 1)) == .free)
        #expect(held.hold(try item("other conversation", to: 1)) == .free)
        #expect(held.expire { $0.text == "1" }.map(\.text) == ["1"])
        #expect(held.release().map(\.text) == ["2"], "nothing before it waits any more")
    }

    @Test func textsTakeNoMoreThanTheirRoom() throws {
        var held = held(maxBytes: 10)
        held.note(locked: [.conversation(conversations[0])])
        #expect(held.hold(try item("123456")) == .held)
        #expect(held.hold(try item("12345")) == .refused)
        #expect(held.expire { $0.text == "123456" }.count == 1)
        #expect(held.hold(try item("1234567890")) == .held)
    }

    @Test func noConversationTakesAllTheRoom() throws {
        var held = held(maximum: 3, maxEach: 2)
        held.note(locked: [.conversation(conversations[0]), .conversation(conversations[1])])
        #expect(held.hold(try item("1")) == .held)
        #expect(held.hold(try item("2")) == .held)
        #expect(held.hold(try item("3")) == .refused)
        #expect(held.hold(try item("4", to: 1)) == .held)
        #expect(held.hold(try item("5", to: 1)) == .refused)
        #expect(held.count == 3)
        #expect(held.removeAll().map(\.text) == ["1", "2", "4"] && held.isEmpty)
    }
}
