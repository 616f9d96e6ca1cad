/// Measures what an answer may hold. The domain cuts answers that would be too large, and only whoever writes them knows
/// how many bytes they take.
public struct AnswerMeasure: Sendable {
    /// Bytes of a message, as it is written.
    package let message: @Sendable (Message) -> Int
    /// Bytes of a conversation, as it is written.
    package let conversation: @Sendable (Conversation) -> Int

    public init(
        message: @escaping @Sendable (Message) -> Int, conversation: @escaping @Sendable (Conversation) -> Int
    ) {
        self.message = message
        self.conversation = conversation
    }

    /// The longest beginning of so many bytes. The first message is kept whatever it takes.
    package func oldest(of messages: some Collection<Message>, fitting bytes: Int) -> [Message] {
        var left = bytes
        var isFirst = true
        return Array(
            messages.prefix { message in
                left -= self.message(message)
                defer { isFirst = false }
                return isFirst || left >= 0
            })
    }

    /// The longest end of so many bytes. The last message is kept whatever it takes.
    package func newest(of messages: some BidirectionalCollection<Message>, fitting bytes: Int) -> [Message] {
        oldest(of: messages.reversed(), fitting: bytes).reversed()
    }
}
