import ChatModel
import ChatStore
import Logging

/// Stores messages in batches: messages that arrive during one commit go together into the next.
///
/// A conversation belongs to one lane, and a lane writes one batch at a time, so a conversation's messages are announced in
/// the order of their `seq`. The acknowledgement and the event both follow the commit. A message that needs a locked row
/// is set aside, and its lane goes on.
final class MessageWriter: Sendable {
    typealias Completion = @Sendable (Result<SentMessage, ChatError>) -> Void

    struct Item: Sendable {
        var draft: Draft
        /// When we give up if a row it needs is still locked.
        var deadline: ContinuousClock.Instant
        var complete: Completion
    }

    /// How long a message waits for a locked row.
    static let maxWait: Duration = .seconds(3)

    /// Counted by all lanes.
    final class Metrics: Sendable {
        let messages = Counter()
        let batchSizes = Histogram(bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256])
        let commitSeconds = Histogram(bounds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10])
    }

    let metrics = Metrics()
    let origins = MessageOrigins()
    private let lanes: [MessageLane]

    init(
        store: MessageStore, quota: TextQuota, conversations: Conversations, typing: Typing, cards: LinkCardQueue,
        events: any EventSink, logger: Logger, lanes: Int, capacity: Int = 10_000, maxBatch: Int = 256
    ) {
        // All lanes together hold what two held when there were always two.
        let maxBytes = max(8 << 20, (64 << 20) / lanes)
        self.lanes = (0..<lanes).map { [metrics, origins] index in
            MessageLane(
                index: index, metrics: metrics, origins: origins, store: store, quota: quota,
                conversations: conversations, typing: typing, cards: cards, events: events, logger: logger,
                maxHeldBytes: maxBytes,
                queue: BatchQueue(
                    capacity: capacity, capacityBytes: maxBytes, maxBatch: maxBatch, maxBytes: 1 << 20,
                    size: { $0.draft.text.utf8.count + 256 }, key: { $0.draft.repetitionKey }))
        }
    }

    /// Queues a draft. Drafts of one conversation are stored in the order of these calls. `complete` is called once, on any
    /// thread: at once with `unavailable` if too many wait already.
    func submit(_ draft: Draft, complete: @escaping Completion) {
        let lane = lanes[Int(UInt(bitPattern: draft.conversation.hashValue) % UInt(lanes.count))]
        lane.submit(Item(draft: draft, deadline: .now + Self.maxWait, complete: complete))
    }

    /// Writes until the task is cancelled. Then writes the messages that were accepted by then.
    func run() async {
        await withDiscardingTaskGroup { group in
            for lane in lanes { group.addTask { await lane.run() } }
        }
    }

    var queued: Int { lanes.reduce(0) { $0 + $1.queued } }
}
