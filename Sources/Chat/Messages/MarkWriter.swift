import ChatModel
import ChatStore
import Logging

/// Stores delivered and read marks in batches: marks that arrive during one write go into the next. Of a member's marks in
/// a conversation only the furthest counts, so the batch is limited by the number of members, not by how fast they read.
///
/// A conversation belongs to one lane, so its marks are announced in the order in which they moved.
final class MarkWriter: Sendable {
    typealias Completion = @Sendable (Result<Void, ChatError>) -> Void

    private let lanes: [MarkLane]

    init(store: MarkStore, events: any EventSink, logger: Logger, lanes: Int, capacity: Int = 20_000) {
        self.lanes = (0..<lanes).map { _ in
            MarkLane(store: store, events: events, logger: logger, capacity: capacity / lanes)
        }
    }

    /// Everything up to `seq` was delivered and, if `read`, read. Marks never move back, nor past the last message.
    func submit(
        _ seq: Int, read: Bool, in conversation: ConversationID, by user: UserID, complete: @escaping Completion
    ) {
        let lane = lanes[Int(UInt(bitPattern: conversation.hashValue) % UInt(lanes.count))]
        lane.submit(seq, read: read, in: conversation, by: user, complete: complete)
    }
}
