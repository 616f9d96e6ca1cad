package import Chat
package import ChatModel
import ChatStore
import Foundation
import Media
import NIOPosix
import Synchronization

/// The whole domain over a database for one test, with a recorder in place of the sockets.
package struct TestChat: Sendable {
    package let database: TestDatabase
    package let chat: Chat
    package let events: RecordedEvents

    /// Runs a test while the domain's background tasks run.
    package static func run(_ body: (TestChat) async throws -> Void) async throws {
        try await TestDatabase.run { database in
            let directory = FileManager.default.temporaryDirectory.appending(path: "parley-chat-\(UUID())").path
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let threads = NIOThreadPool(numberOfThreads: 1)
            threads.start()
            let events = RecordedEvents()
            // No test uploads a picture, so the workers are never started.
            let media = MediaConfiguration(directory: directory, workerExecutable: "/bin/false", workerArguments: [])
            let workers = MediaWorkers(media, logger: .silent)
            let clients = ChatDatabase(main: database.client, searches: database.client, lists: database.client)
            let chat = Chat(
                database: clients,
                storage: Storage(
                    blobs: try BlobStore(directory: directory, threads: threads), workers: workers, scanner: nil,
                    maxBytes: 1 << 20, quotaBytes: 1 << 24),
                nodes: Nodes(
                    database: clients, admission: NodeAdmission(.test()), ownsDatabase: true, logger: .silent),
                settings: .init(
                    userTextQuotaBytes: 1 << 20, orphanHours: 1, linkSecret: TestDatabase.secret,
                    previousLinkSecret: nil,
                    concurrency: .init(passwordThreads: 2, messageLanes: 2, markLanes: 2)),
                events: events, logger: .silent)
            let running = Task { try await chat.run() }
            let result: Result<Void, any Error>
            do {
                try await chat.prepare()
                try await body(TestChat(database: database, chat: chat, events: events))
                result = .success(())
            } catch {
                result = .failure(error)
            }
            running.cancel()
            _ = await running.result
            await workers.shutdown()
            try await threads.shutdownGracefully()
            try result.get()
        }
    }
}

/// Records what would be sent to the connections.
package final class RecordedEvents: EventSink {
    package enum Entry: Sendable {
        case event(ChatEvent)
        case order(ConnectionOrder)
        case join(ConversationID, UserID)
        case leave(ConversationID, UserID)
    }

    private let state = Mutex(
        (entries: [Entry](), messages: [NewMessage](), revisions: [Int](), heard: [ConversationID: Int]()))

    package init() {}

    package func deliver(_ event: ChatEvent) { state.withLock { $0.entries.append(.event(event)) } }

    package func order(_ order: ConnectionOrder) { state.withLock { $0.entries.append(.order(order)) } }

    package func announce(_ messages: [NewMessage]) {
        state.withLock { state in
            for new in messages { state.entries += Self.entries(new.arriving, new.message.conversationId) }
            state.messages += messages
        }
    }

    package func apply(_ news: ConversationNews) {
        state.withLock { state in
            state.revisions.append(news.revision)
            state.entries += Self.entries(news.arriving, news.conversation)
            state.entries += news.leaving.map { .leave(news.conversation, $0) } + news.events.map { .event($0) }
        }
    }

    private static func entries(_ arriving: [NewMember], _ id: ConversationID) -> [Entry] {
        arriving.flatMap { member in
            [.join(id, member.user)] + (member.view.map { [.event(.conversationCreated($0, for: member.user))] } ?? [])
        }
    }

    package func promise(_ revision: Int, of conversation: ConversationID) {}

    package func retract(_ revision: Int, of conversation: ConversationID) {}

    package func abandon(_ revision: Int, of conversation: ConversationID) {}

    package func hear(of revision: Int, in conversation: ConversationID) {
        state.withLock { $0.heard[conversation] = revision }
    }

    /// The revisions that were heard of last.
    package var heard: [ConversationID: Int] { state.withLock { $0.heard } }

    /// Of all changes of members, roles and titles.
    package var revisions: [Int] { state.withLock { $0.revisions } }

    package var messages: [Message] { state.withLock { $0.messages.map(\.message) } }

    /// The events and orders since the last call, in order.
    package func takeAll() -> [Entry] {
        state.withLock { state in
            defer { state.entries = [] }
            return state.entries
        }
    }

    /// The events since the last call, in order.
    package func take() -> [ChatEvent] { takeAll().events }

    /// The orders since the last call, in order.
    package func takeOrders() -> [ConnectionOrder] {
        takeAll().compactMap { if case .order(let order) = $0 { order } else { nil } }
    }
}

extension [RecordedEvents.Entry] {
    package var events: [ChatEvent] { compactMap { if case .event(let event) = $0 { event } else { nil } } }
}
