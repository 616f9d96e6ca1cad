package import ChatModel

/// The connections of this process. `ConversationStream` tells it what to do, in the order in which it is to be done.
/// Calls must not block, and must not call the stream.
package protocol LiveOutlet: Sendable {
    /// Does these steps after those of earlier calls. Calls for one conversation come one at a time.
    func perform(_ steps: [LiveStep])
    func hasDevices(_ user: UserID) -> Bool
    /// Whether a device is in the conversation's room, or about to be.
    func hasAudience(_ conversation: ConversationID) -> Bool
    /// The conversations whose rooms lost their last device since the last call.
    func takeAbandoned() -> [ConversationID]
}

/// What is done at the connections when a change's turn has come.
package indirect enum LiveStep: Sendable {
    case message(NewMessage)
    /// A message that was missed, to those who have not seen it. The connection that sent it, if it is known, is acknowledged
    /// the message as it was stored, and is told only of a change.
    case missed(Message, origin: ConnectionID? = nil)
    case event(ChatEvent)
    case relayed(RelayedEvent)
    case order(ConnectionOrder)
    /// The user's devices join the room. Those that were not there are told of the conversation, if there is a view of it.
    case enter(ConversationID, NewMember)
    case leave(ConversationID, UserID)
    /// Devices of others leave the room, and are told so.
    case keep(ConversationID, members: Set<UserID>, revision: Int)
    /// The room's connections are cut: something was missed that cannot be told.
    case cut(ConversationID)
    /// An arriving device joins its rooms.
    case join([ConversationID], @Sendable ([ConversationID]) -> Void)
    case several([LiveStep])
}
