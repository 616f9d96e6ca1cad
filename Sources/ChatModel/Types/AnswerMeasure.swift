/// Measures what an answer may hold. The domain cuts answers that would be too large, and only whoever writes them knows
/// how many bytes they take.
public struct AnswerMeasure: Sendable {
    /// Bytes of a message, as it is written.
    package let message: @Sendable (Message) -> Int
    /// Bytes of a conversation, as it is written.
    package let conversation: @Sendable (Conversation) -> Int
    /// Bytes of a user, as they are written.
    package let user: @Sendable (User) -> Int

    public init(
        message: @escaping @Sendable (Message) -> Int, conversation: @escaping @Sendable (Conversation) -> Int,
        user: @escaping @Sendable (User) -> Int
    ) {
        self.message = message
        self.conversation = conversation
        self.user = user
    }

    /// The longest beginning of so many bytes. The first message is kept whatever it takes.
    /// - Returns: the messages, and the bytes that they take.
    package func oldest(
        of messages: some Collection<Message>, fitting maxBytes: Int
    ) -> (messages: [Message], bytes: Int) {
        var kept: [Message] = []
        var bytes = 0
        for message in messages {
            let size = self.message(message)
            guard kept.isEmpty || bytes + size <= maxBytes else { break }
            kept.append(message)
            bytes += size
        }
        return (kept, bytes)
    }

    /// The longest end of so many bytes. The last message is kept whatever it takes.
    /// - Returns: the messages, and the bytes that they take.
    package func newest(
        of messages: some BidirectionalCollection<Message>, fitting maxBytes: Int
    ) -> (messages: [Message], bytes: Int) {
        let (newestFirst, bytes) = oldest(of: messages.reversed(), fitting: maxBytes)
        return (newestFirst.reversed(), bytes)
    }
}
