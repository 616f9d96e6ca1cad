import ChatModel
import ChatTesting
import Testing

@testable import Chat

@Suite struct BlocksTests {
    @Test func blockIsAnnouncedOnceToTheUsersDevices() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(2)
            let (ana, bo) = (people[0], people[1])
            func told() -> [Bool] {
                test.events.take().compactMap {
                    if case .blocked(bo, by: ana, let isBlocked) = $0 { isBlocked } else { nil }
                }
            }
            try await test.chat.blocks.block(bo, by: ana)
            #expect(told() == [true])
            try await test.chat.blocks.block(bo, by: ana)
            #expect(told() == [], "it stands already")
            #expect(try await test.chat.blocks.list(of: ana).map(\.id) == [bo])
            try await test.chat.blocks.unblock(bo, by: ana)
            #expect(told() == [false])
        }
    }

    @Test func usersBlockOnlyOtherUsersThatExist() async throws {
        try await TestChat.run { test in
            let ana = try await test.database.person()
            #expect(try await refusal { try await test.chat.blocks.block(.make(), by: ana) } == .notFound)
            #expect(try await refusal { try await test.chat.blocks.block(ana, by: ana) } == .validationFailed)
        }
    }
}
