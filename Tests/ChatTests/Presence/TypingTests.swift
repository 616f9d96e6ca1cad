import ChatModel
import ChatTesting
import Testing

@testable import Chat

@Suite struct TypingTests {
    private func told(_ test: TestChat) -> [Bool] {
        test.events.take().compactMap { event in
            switch event {
            case .typingBegan: true
            case .typingEnded: false
            default: nil
            }
        }
    }

    @Test func typingEndsWithTheClientTheMessageOrTheLastDevice() async throws {
        try await TestChat.run { test in
            let ana = try await test.database.person()
            let group = try await test.database.group(ana)
            let typing = test.chat.typing
            try await typing.set(true, in: group, by: ana, origin: nil)
            try await typing.set(false, in: group, by: ana, origin: nil)
            try await typing.set(false, in: group, by: ana, origin: nil)
            #expect(told(test) == [true, false])
            try await typing.set(true, in: group, by: ana, origin: nil)
            _ = try await test.chat.messages.send(MessageRequest(conversationId: group, text: "done"), from: ana)
            #expect(told(test) == [true, false])
            try await typing.set(true, in: group, by: ana, origin: nil)
            typing.end(of: ana)
            typing.end(of: ana)
            #expect(told(test) == [true, false])
        }
    }

    @Test func typistIsNamed() async throws {
        try await TestChat.run { test in
            let ana = try await test.database.person("ana")
            let group = try await test.database.group(ana)
            try await test.chat.typing.set(true, in: group, by: ana, origin: nil)
            let names = test.events.take().compactMap { event -> Sender? in
                if case .typingBegan(_, let sender, _) = event { sender } else { nil }
            }
            #expect(names == [Sender(id: ana, username: "ana", displayName: "Display of ana")])
        }
    }

    @Test func onlyUsersWhoMaySendAreSeenTyping() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(3)
            let (ana, bo, cleo) = (people[0], people[1], people[2])
            let direct = try await test.database.direct(ana, bo)
            func type(_ active: Bool, _ user: UserID) async throws -> ChatError.Code? {
                try await refusal { try await test.chat.typing.set(active, in: direct, by: user, origin: nil) }
            }
            #expect(try await type(true, cleo) == .notFound)
            try await test.database.mute(ana)
            #expect(try await type(true, ana) == .muted)
            #expect(try await type(false, ana) == nil, "stopping is always allowed")
            try await test.chat.blocks.block(bo, by: ana)
            #expect(try await type(true, bo) == .forbidden)
            #expect(told(test) == [])
        }
    }
}
