/// A stored message, for all members' connections except the one that sent it.
public struct NewMessage: Sendable {
    public var message: Message
    public var origin: ConnectionID?
    /// Those from whom the conversation was hidden until this message came.
    public var arriving: [NewMember]

    package init(message: Message, origin: ConnectionID? = nil, arriving: [NewMember] = []) {
        self.message = message
        self.origin = origin
        self.arriving = arriving
    }
}
