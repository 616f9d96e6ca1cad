import ChatModel
import ChatStore
import ChatTesting
import ClusterBus
import Foundation
import NIOCore
import PostgresClient
import Synchronization
import Testing

@testable import Chat

@Suite struct ClusterFollowerTests {
    /// Notes what a device would be told.
    private final class Outlet: LiveOutlet {
        private let log = Mutex<[String]>([])

        var told: [String] { log.withLock { $0 } }

        func perform(_ steps: [LiveStep]) {
            for step in steps {
                switch step {
                case .several(let steps): perform(steps)
                case .event(.conversationUpdated(let view, _)): log.withLock { $0.append(view.title ?? "") }
                case .leave: log.withLock { $0.append("leave") }
                case .relayed(let event): log.withLock { $0.append(event.name) }
                default: break
                }
            }
        }

        func hasDevices(_ user: UserID) -> Bool { true }
        func hasAudience(_ conversation: ConversationID) -> Bool { true }
        func takeAbandoned() -> [ConversationID] { [] }
    }

    private let outlet = Outlet()
    private let reads = Counter()
    private let other = NodeIdentity(number: 2, epoch: UUID())

    private func follower(_ test: TestChat, _ stream: ConversationStream) -> ClusterFollower {
        let (stores, presence) = (test.database.stores, test.chat.presence)
        return ClusterFollower(
            stream: stream, stores: stores,
            profiles: ProfileAnnouncements(users: stores.users, presence: presence, events: stream), presence: presence,
            typing: test.chat.typing, local: stream, logger: .silent)
    }

    private func title(of id: ConversationID, at revision: Int) -> BusEvent {
        let news = RelayedNews(ConversationNews(id, revision: revision, shownTo: .smallGroup(and: [])))
        return BusEvent(.conversation, id, revision: revision, payload: RelayedText(news.words).bytes)
    }

    private func message(in id: ConversationID, at revision: Int) -> BusEvent {
        let part = RelayedText.Part([MessageID.make().description, "message"], ByteBuffer(string: "{}"))
        return BusEvent(.message, id, revision: revision, seq: 1, payload: RelayedText([], [part]).bytes)
    }

    /// Until then, whoever is removed is told of typing and marks.
    @Test func aRemovalWaitsForNoReading() async throws {
        try await TestChat.run { test in
            let (ana, bo) = (try await test.database.person(), try await test.database.person())
            let group = try await test.database.group(ana, bo)
            let stream = ConversationStream(outlet: outlet, logger: .silent)
            stream.endArrival(
                stream.beginArrival(of: ana), listed: [.init(id: group, revision: 1, lastSeq: 0)]
            ) { _ in }
            let news = RelayedNews(ConversationNews(group, revision: 2, leaving: [bo], shownTo: .smallGroup(and: [])))
            follower(test, stream).take(
                BusEvent(.members, group, revision: 2, payload: RelayedText(news.words).bytes), from: other, counter: 1)
            #expect(outlet.told == ["leave"])
        }
    }

    /// A title is read by each server for its own people. If that fails, it is missing like an event that was lost.
    @Test(arguments: [false, true]) func aTitleIsToldBeforeWhatFollows(fails: Bool) async throws {
        try await TestChat.run { test in
            let (ana, bo) = (try await test.database.person(), try await test.database.person())
            let group = try await test.database.group(ana, bo)
            _ = test.chat.presence.enter(ana)
            let stream = ConversationStream(outlet: outlet, logger: .silent)
            stream.begin { [reads, snapshots = test.chat.snapshots] id, read in
                reads.add()
                return try await snapshots.read(id, since: read.since, isWhole: read.isWhole, isFirst: read.isFirst)
            }
            stream.endArrival(
                stream.beginArrival(of: ana), listed: [.init(id: group, revision: 1, lastSeq: 0)]
            ) { _ in }
            _ = try await test.database.stores.conversations.change(group) { try await $0.setTitle("New") }
            let follower = follower(test, stream)
            let client = test.database.client
            if fails { try await client.query("ALTER TABLE conversations RENAME TO away") }
            follower.take(title(of: group, at: 2), from: other, counter: 1)
            if fails {
                while reads.value == 0, stream.applied(group) == 1 { try await Task.sleep(for: .milliseconds(5)) }
                try await client.query("ALTER TABLE away RENAME TO conversations")
            }
            follower.take(message(in: group, at: 3), from: other, counter: 2)
            while !outlet.told.contains("message") { try await Task.sleep(for: .milliseconds(5)) }
            #expect(outlet.told == ["New", "message"])
        }
    }
}
