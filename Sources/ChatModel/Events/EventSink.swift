/// Where events and orders go: to the connections of this process. Called in the order in which the changes of a
/// conversation were committed. Must not block.
public protocol EventSink: Sendable {
    func deliver(_ event: ChatEvent)
    /// Delivers what one commit stored: the messages of each conversation are in the order of `seq`.
    func announce(_ messages: [NewMessage])
    func order(_ order: ConnectionOrder)
}
