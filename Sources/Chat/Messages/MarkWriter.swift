import ChatModel
import ChatStore
import Logging

/// Stores delivered and read marks: at most about one a second for each member and conversation (`MarkQueue`), and many in
/// one statement. A mark is acknowledged, and told to others (`MarkNews`), when it is stored.
///
/// A conversation belongs to one lane, so its marks are announced in the order in which they moved.
final class MarkWriter: Sendable {
    typealias Completion = @Sendable (Result<Void, ChatError>) -> Void

    private let lanes: [MarkLane]

    init(store: MarkStore, events: any EventSink, logger: Logger, lanes: Int, capacity: Int = 20_000) {
        self.lanes = (0..<lanes).map { _ in
            MarkLane(store: store, events: events, logger: logger, capacity: capacity)
        }
    }

    /// Everything up to `seq` was delivered and, if `read`, read. Marks never move back, nor past the last message.
    func submit(
        _ seq: Int, read: Bool, in conversation: ConversationID, by user: UserID, complete: @escaping Completion
    ) {
        let lane = lanes[Int(UInt(bitPattern: conversation.hashValue) % UInt(lanes.count))]
        lane.submit(seq, read: read, in: conversation, by: user, complete: complete)
    }

    /// Waits until the task is cancelled. Then writes the marks that wait, and from then on each at once.
    func run() async {
        while (try? await Task.sleep(for: .seconds(3600))) != nil {}
        await Task {
            await withDiscardingTaskGroup { group in
                for lane in lanes { group.addTask { await lane.finish() } }
            }
        }.value
    }
}
