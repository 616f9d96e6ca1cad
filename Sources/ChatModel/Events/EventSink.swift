/// Where events and orders go: to whoever is connected. Must not block.
///
/// Changes of a conversation may come in any order: each has its revision, and they go out by it.
public protocol EventSink: Sendable {
    func deliver(_ event: ChatEvent)
    /// Delivers what one commit stored.
    func announce(_ messages: [NewMessage])
    func order(_ order: ConnectionOrder)
    /// Delivers a change that is no message's.
    func apply(_ news: ConversationNews)
    /// The conversation's change to this revision is about to be committed. `apply`, `announce`, `deliver`, `abandon` or
    /// `retract` follows: until then, nobody looks for it in the database.
    func promise(_ revision: Int, of conversation: ConversationID)
    /// What was promised is committed, and cannot be told by whoever promised it.
    func abandon(_ revision: Int, of conversation: ConversationID)
    /// The conversation has come to this revision. Somebody may not have been told.
    func hear(of revision: Int, in conversation: ConversationID)
    /// What was promised was not committed, or nobody knows whether it was.
    func retract(_ revision: Int, of conversation: ConversationID)
}
