import Foundation
import Logging
import PostgresClient
import Synchronization

/// Stores messages in batches: while one commit is under way, what is sent collects and goes together into the next.
///
/// A conversation belongs to one lane, and a lane writes one batch at a time, so that a conversation's messages are
/// announced in the order of their `seq`. The acknowledgement and the event both follow the commit.
final class MessageWriter: Sendable {
    typealias Completion = @Sendable (Result<Sent, ChatError>) -> Void

    struct Sent: Sendable {
        var message: Message
        /// Whether the same `clientId` had been stored before.
        var repeated: Bool
    }

    private struct Item: Sendable {
        var draft: Draft
        var complete: Completion
    }

    /// Counted by all lanes.
    final class Metrics: Sendable {
        let messages = Counter()
        let batchSizes = Histogram(bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256])
        let commitSeconds = Histogram(bounds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10])
    }

    let metrics = Metrics()
    private let lanes: [Lane]

    init(
        store: MessageStore, quota: TextQuota, typing: Typing, events: any EventSink, logger: Logger,
        lanes: Int = 2, capacity: Int = 10_000, maximumBatch: Int = 256
    ) {
        self.lanes = (0..<lanes).map { [metrics] index in
            Lane(
                index: index, metrics: metrics, store: store, quota: quota, typing: typing,
                events: events, logger: logger,
                queue: BatchQueue(
                    capacity: capacity, capacityBytes: 32 << 20, maximumBatch: maximumBatch, maximumBytes: 1 << 20,
                    size: { $0.draft.text.utf8.count + 256 }, key: { $0.draft.repetitionKey }))
        }
    }

    /// Queues a draft; drafts of one conversation are stored in the order of these calls. `complete` is called once,
    /// on any thread: with `unavailable` at once if too much waits already.
    func submit(_ draft: Draft, complete: @escaping Completion) {
        let lane = lanes[Int(UInt(bitPattern: draft.conversation.hashValue) % UInt(lanes.count))]
        lane.submit(Item(draft: draft, complete: complete))
    }

    /// Writes until the task is cancelled, and then what has been accepted by then.
    func run() async {
        await withDiscardingTaskGroup { group in
            for lane in lanes { group.addTask { await lane.run() } }
        }
    }

    var queued: Int { lanes.reduce(0) { $0 + $1.queued } }

    private final class Lane: Sendable {
        private struct State {
            var queue: BatchQueue<Item>
            var idle: CheckedContinuation<Bool, Never>?
            var closed = false
        }

        private let index: Int
        private let metrics: Metrics
        private let store: MessageStore
        private let quota: TextQuota
        private let typing: Typing
        private let events: any EventSink
        private let logger: Logger
        private let state: Mutex<State>

        init(
            index: Int, metrics: Metrics, store: MessageStore, quota: TextQuota, typing: Typing,
            events: any EventSink,
            logger: Logger, queue: BatchQueue<Item>
        ) {
            self.index = index
            self.metrics = metrics
            self.store = store
            self.quota = quota
            self.typing = typing
            self.events = events
            self.logger = logger
            state = Mutex(State(queue: queue))
        }

        var queued: Int { state.withLock { $0.queue.count } }

        func submit(_ item: Item) {
            let (accepted, idle) = state.withLock { state -> (Bool, CheckedContinuation<Bool, Never>?) in
                guard !state.closed, state.queue.append(item) else { return (false, nil) }
                return (true, state.idle.take())
            }
            idle?.resume(returning: true)
            if !accepted { item.complete(.failure(.unavailable)) }
        }

        func run() async {
            var unresolved: [Draft] = []
            await withTaskCancellationHandler {
                while await nextWork() {
                    let batch = state.withLock { $0.queue.nextBatch() }
                    // What is not known to be stored or not has to be found out first: nothing may be announced before
                    // an older message of its conversation.
                    guard await announce(unresolved) else {
                        for item in batch { item.complete(.failure(.unavailable)) }
                        lookAgainSoon()
                        continue
                    }
                    unresolved = batch.isEmpty ? [] : await write(batch)
                    if !unresolved.isEmpty { lookAgainSoon() }
                }
            } onCancel: {
                state.withLock { state -> CheckedContinuation<Bool, Never>? in
                    state.closed = true
                    return state.idle.take()
                }?.resume(returning: false)
            }
        }

        /// Goes on without waiting for the next message.
        private func lookAgainSoon() {
            Task {
                try? await Task.sleep(for: Self.pause)
                state.withLock { $0.idle.take() }?.resume(returning: true)
            }
        }

        private static let pause: Duration = .milliseconds(500)

        /// Waits until something is queued, or is to be looked after; false once the lane is closed and empty.
        private func nextWork() async -> Bool {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    if !state.queue.isEmpty { return true }
                    if state.closed { return false }
                    state.idle = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        }

        /// Writes a batch and answers for each item. Returns the messages of which the outcome was lost.
        private func write(_ items: [Item]) async -> [Draft] {
            let batch = MessageBatch(items.map(\.draft))
            do {
                // Not cancelled with the lane's task: what was accepted is written.
                let began = ContinuousClock.now
                let results = try await Task { try await store.database.atomically(batch.queries, on: index) }.value
                metrics.commitSeconds.record((ContinuousClock.now - began) / .seconds(1))
                metrics.batchSizes.record(Double(items.count))
                answer(items, try batch.outcomes(results, uploads: store.uploads))
                return []
            } catch let error as PostgresError where error.code == .server && items.count > 1 {
                // One message broke the statement for all: each by itself, so that only that one is refused.
                logger.warning("a batch of messages failed and is repeated singly", metadata: ["error": "\(error)"])
                var lost: [Draft] = []
                for item in items { lost += await write([item]) }
                return lost
            } catch {
                let refusal = ChatError(databaseError: error, logger: logger)
                for item in items { item.complete(.failure(refusal)) }
                guard let error = error as? PostgresError, error.maybeExecuted else { return [] }
                return items.map(\.draft)
            }
        }

        private func answer(_ items: [Item], _ outcomes: [MessageBatch.Outcome]) {
            announce(items, outcomes)
            for (item, outcome) in zip(items, outcomes) {
                switch outcome {
                case .stored(let message):
                    item.complete(.success(Sent(message: message, repeated: false)))
                case .refused(let error):
                    item.complete(.failure(error))
                case .repeated(let id):
                    // Off the lane: it announces nothing, and reads the message as it is by now.
                    Task { [store, logger] in
                        do {
                            guard let message = try await store.find(id) else {
                                throw ChatError.notFound("message")
                            }
                            item.complete(.success(Sent(message: message, repeated: true)))
                        } catch {
                            item.complete(.failure(ChatError(databaseError: error, logger: logger)))
                        }
                    }
                }
            }
        }

        private func announce(_ items: [Item], _ outcomes: [MessageBatch.Outcome]) {
            var messages: [NewMessage] = []
            messages.reserveCapacity(items.count)
            for case (let item, .stored(let message)) in zip(items, outcomes) {
                let draft = item.draft
                typing.end(in: draft.conversation, by: draft.sender, origin: draft.origin)
                quota.count(message.text.utf8.count + TextQuota.bytesOfMessage, of: draft.sender)
                messages.append(NewMessage(message: message, origin: draft.origin))
            }
            metrics.messages.add(messages.count)
            if !messages.isEmpty { events.announce(messages) }
        }

        /// Announces those of `drafts` that have been committed, though the connection was lost before the answer came.
        /// Returns whether it is known of all of them.
        private func announce(_ drafts: [Draft]) async -> Bool {
            guard !drafts.isEmpty else { return true }
            do {
                // Their transaction may be alive yet on the server's side; it holds the locks that are waited for here.
                try await store.database.atomically([MessageBatch.lock(drafts)], on: index)
                events.announce(try await store.find(drafts.map(\.id)).map { NewMessage(message: $0, origin: nil) })
                return true
            } catch {
                return false
            }
        }
    }
}
