import ChatModel
import ChatTesting
import Testing

@testable import Chat

@Suite struct UserDirectoryTests {
    @Test func onlineStatusIsHiddenFromBlockedUsers() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(3)
            let (ana, bo, cleo) = (people[0], people[1], people[2])
            _ = test.chat.presence.enter(ana)
            func status(for viewer: UserID) async throws -> User.Status? {
                try await test.chat.people.find(ana, for: viewer).status
            }
            #expect(try await status(for: bo) == .online)
            try await test.chat.blocks.block(bo, by: ana)
            #expect(try await status(for: bo) != .online)
            #expect(try await status(for: cleo) == .online)
            #expect(try await refusal { _ = try await test.chat.people.find(.make(), for: ana) } == .notFound)
        }
    }

    @Test func changedProfileIsShownToTheNeighborsAndTheUsersOwnDevices() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(4)
            let (ana, bo, cleo, dana) = (people[0], people[1], people[2], people[3])
            _ = try await test.database.direct(ana, bo)
            _ = try await test.database.group(ana, dana)
            try await test.chat.blocks.block(dana, by: ana)
            for person in people { _ = test.chat.presence.enter(person) }
            func told(_ name: String) async throws -> [(User, [UserID])] {
                _ = test.events.take()
                try await test.chat.people.update(ana, UserDirectory.Profile(displayName: name))
                return test.events.take().compactMap {
                    if case .userUpdated(let user, let audience) = $0 { (user, audience) } else { nil }
                }
            }
            let first = try await told("Ana the Second")
            #expect(first.map(\.0.displayName) == ["Ana the Second"])
            #expect(first.map(\.0.status) == [.online])
            #expect(first.map(\.1) == [[bo]], "neither strangers nor whom a block keeps apart")
            #expect(try await told("Ana the Second").isEmpty, "nothing changed")
            _ = cleo
        }
    }

    @Test func statusIsShownToTheNeighbors() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(2)
            let (ana, bo) = (people[0], people[1])
            _ = try await test.database.direct(ana, bo)
            for person in people { _ = test.chat.presence.enter(person) }
            _ = test.events.take()
            var profile = UserDirectory.Profile()
            profile.statusMessage = .set(StatusMessage(text: "  on holiday ", emoji: "\u{2764}"))
            try await test.chat.people.update(ana, profile)
            let told = test.events.take().compactMap { event -> (StatusMessage?, [UserID])? in
                if case .userUpdated(let user, let audience) = event { (user.statusMessage, audience) } else { nil }
            }
            #expect(told.map(\.0) == [StatusMessage(text: "on holiday", emoji: "\u{2764}\u{FE0F}")])
            #expect(told.map(\.1) == [[bo]])
            profile.statusMessage = .set(StatusMessage(text: "x", emoji: "no emoji"))
            #expect(try await refusal { try await test.chat.people.update(ana, profile) } == .validationFailed)
        }
    }

    @Test func pictureIsTheUsersOwnUpload() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(2)
            let (ana, bo) = (people[0], people[1])
            let upload = try await test.database.upload(bo)
            func update(_ text: String) async throws -> ChatError.Code? {
                try await refusal {
                    try await test.chat.people.update(ana, UserDirectory.Profile(avatarUploadId: text))
                }
            }
            #expect(try await update(upload.id.description) == .validationFailed)
            #expect(try await update("nonsense") == .validationFailed)
            #expect(try await update("") == nil, "none")
        }
    }
}
