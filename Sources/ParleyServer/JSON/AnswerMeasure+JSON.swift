import ChatModel
import Synchronization

extension AnswerMeasure {
    /// By the bytes that are written. For one answer: whoever is in many of its conversations is written once.
    static var json: AnswerMeasure {
        let conversations = WrittenConversations()
        return AnswerMeasure(
            message: { $0.jsonSize }, conversation: { conversations.add($0) }, user: { $0.jsonSize })
    }
}

private final class WrittenConversations: Sendable {
    private let writer = Mutex(JSONWriter())

    /// - Returns: How many bytes it takes.
    func add(_ conversation: Conversation) -> Int {
        writer.withLock { writer in
            let start = writer.bytes.count
            conversation.write(to: &writer)
            return writer.bytes.count - start
        }
    }
}
