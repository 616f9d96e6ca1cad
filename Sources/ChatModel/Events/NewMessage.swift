/// A message that was stored, for all members but the connection that sent it.
public struct NewMessage: Sendable {
    public var message: Message
    public var origin: ConnectionID?

    package init(message: Message, origin: ConnectionID? = nil) {
        self.message = message
        self.origin = origin
    }
}
