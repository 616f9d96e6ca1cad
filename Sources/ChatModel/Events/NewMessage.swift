/// A stored message, for all members' connections except the one that sent it.
public struct NewMessage: Sendable {
    public var message: Message
    public var origin: ConnectionID?

    package init(message: Message, origin: ConnectionID? = nil) {
        self.message = message
        self.origin = origin
    }
}
