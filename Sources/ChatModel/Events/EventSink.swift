/// Where events go: the rooms of the sockets of this process. Called in the order in which a conversation's changes
/// were committed; must not block.
public protocol EventSink: Sendable {
    func deliver(_ event: ChatEvent)
    /// What one commit stored, in the order of `seq` where it is of one conversation.
    func announce(_ messages: [NewMessage])
}
