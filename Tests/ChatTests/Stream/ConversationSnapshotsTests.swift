import ChatModel
import ChatStore
import ChatTesting
import Testing

@testable import Chat

@Suite struct ConversationSnapshotsTests {
    private func describe(_ step: LiveStep) -> [String] {
        switch step {
        case .several(let steps): steps.flatMap(describe)
        case .enter(_, let member): ["enter \(member.view?.revision ?? 0)"]
        case .event(.conversationUpdated(let view, _)): ["shown \(view.title ?? "") \(view.revision)"]
        case .event(.messageUpdated(let message)): ["updated \(message.revision)"]
        case .event(.messageDeleted(let message)): ["deleted \(message.revision)"]
        case .missed(let message, let origin): ["missed \(message.revision)\(origin.map { " by \($0.value)" } ?? "")"]
        case .keep(_, let members, let revision): ["keep \(members.count) \(revision)"]
        default: ["other"]
        }
    }

    @Test func messagesExplainThemselves() async throws {
        try await TestChat.run { test in
            let (ana, bo) = (try await test.database.person(), try await test.database.person())
            _ = test.chat.presence.enter(ana)
            let group = try await test.database.group(ana, bo, try await test.database.person())
            let first = try await test.database.message(from: ana, to: group)
            let second = try await test.database.message(from: bo, to: group)
            try await test.database.deleteMessage(first.id, by: ana)
            let (snapshot, members) = try #require(
                try await test.chat.snapshots.read(group, since: first.revision, isWhole: false))
            #expect(members.isSuperset(of: [ana, bo]) && members.count == 3)
            #expect(snapshot.revision == second.revision + 1 && snapshot.lastSeq == 2)
            #expect(describe(snapshot.departures) == ["keep 3 \(snapshot.revision)"])
            #expect(snapshot.others.map(describe) == nil && describe(snapshot.arrivals) == [], "nobody can have come")
            #expect(snapshot.messages.flatMap { describe($0.whenNew) } == ["missed 3", "missed 4"])
            #expect(snapshot.messages.flatMap { describe($0.whenChanged) } == ["updated 3", "deleted 4"])
        }
    }

    /// Whoever has hidden it may come in with a message.
    @Test func messagesShowADirectConversation() async throws {
        try await TestChat.run { test in
            let (ana, bo) = (try await test.database.person(), try await test.database.person())
            _ = test.chat.presence.enter(ana)
            let direct = try await test.database.direct(ana, bo)
            let first = try await test.database.message(from: bo, to: direct)
            let second = try await test.database.message(from: bo, to: direct)
            let (snapshot, _) = try #require(
                try await test.chat.snapshots.read(direct, since: first.revision, isWhole: false))
            #expect(snapshot.others.map(describe) == nil)
            #expect(describe(snapshot.arrivals).contains("enter \(second.revision)"))
        }
    }

    @Test func aMessageThatIsBeingStoredIsNotForTheConnectionThatSentIt() async throws {
        try await TestChat.run { test in
            let (ana, bo) = (try await test.database.person(), try await test.database.person())
            let group = try await test.database.group(ana, bo)
            let draft = try Draft(
                MessageRequest(conversationId: group, text: "hello"), to: group, from: ana,
                origin: ConnectionID("hers"), filter: WordFilter([]), hasRoom: true)
            let origins = test.chat.messages.writer.origins
            origins.add([draft])
            _ = try await test.database.stores.messages.insert(MessageBatch([draft]), on: 0)
            func told() async throws -> [String]? {
                try await test.chat.snapshots.read(group, since: 1, isWhole: false)?.snapshot.messages
                    .flatMap { describe($0.whenNew) }
            }
            #expect(try await told() == ["missed 2 by hers"])
            origins.remove([draft])
            #expect(try await told() == ["missed 2"])
        }
    }

    /// Whoever waits for it is told of no message by it, so there cannot be too many.
    @Test func theFirstSnapshotIsNeverTooMuch() async throws {
        try await TestChat.run { test in
            let (ana, bo) = (try await test.database.person(), try await test.database.person())
            _ = test.chat.presence.enter(ana)
            let group = try await test.database.group(ana, bo)
            for _ in 0...ConversationStore.maxSnapshotMessages {
                _ = try await test.database.message(from: ana, to: group)
            }
            #expect(try await test.chat.snapshots.read(group, since: 1, isWhole: true) == nil)
            let (snapshot, _) = try #require(
                try await test.chat.snapshots.read(group, since: 1, isWhole: true, isFirst: true))
            #expect(snapshot.revision == ConversationStore.maxSnapshotMessages + 2 && snapshot.messages.isEmpty)
            #expect(describe(snapshot.beginning) == ["enter \(snapshot.revision)"])
        }
    }

    @Test func whatIsNoMessageIsShown() async throws {
        try await TestChat.run { test in
            let (ana, bo) = (try await test.database.person(), try await test.database.person())
            _ = test.chat.presence.enter(ana)
            let group = try await test.database.group(ana, bo)
            let store = test.database.stores.conversations
            _ = try await store.change(group) { try await $0.setTitle("New") }
            let (snapshot, _) = try #require(try await test.chat.snapshots.read(group, since: 1, isWhole: false))
            #expect(snapshot.others.map(describe) == ["shown New 2"], "to those who are online")
            #expect(snapshot.othersRevision == 2)
            #expect(describe(snapshot.arrivals) == ["enter 2"])
            let (whole, _) = try #require(try await test.chat.snapshots.read(group, since: 2, isWhole: true))
            #expect(whole.others.map(describe) == nil && describe(whole.beginning) == ["enter 2"])
            let missing = try await test.chat.snapshots.read(.make(), since: 0, isWhole: true)
            #expect(missing?.snapshot.revision == nil)
        }
    }
}
