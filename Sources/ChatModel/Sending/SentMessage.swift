/// What became of a request to send a message.
public struct SentMessage: Sendable {
    public var message: Message
    /// Whether it had been stored before under the same `clientId`.
    public var repeated: Bool

    package init(message: Message, repeated: Bool) {
        self.message = message
        self.repeated = repeated
    }
}
