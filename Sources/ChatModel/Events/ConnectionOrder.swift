/// What the connections of this process have to do, because of who their users are and what they are shown.
public enum ConnectionOrder: Sendable {
    /// A direct conversation that was hidden from the user is shown again, although nothing changed in it: the user's
    /// connections join its room.
    case show(ConversationPosition, to: UserID)
    /// A direct conversation is about to be hidden from the user: their connections leave its room and are told, before
    /// that is committed. No message is stored in the conversation before it is. `endHiding` or `cut` follows.
    case hide(ConversationID, from: UserID, revision: Int)
    /// The hiding after a `hide` is committed.
    case endHiding(ConversationID, from: UserID)
    /// The user's memberships changed, or may have, in a way that this process does not know: their connections are cut,
    /// and find out when they come again.
    /// - Parameter hiding: The conversation of a `hide` of which nobody knows whether it was committed.
    case cut(UserID, hiding: ConversationID?)
    /// The session's connections are told why, and closed.
    case closeSession(SessionID, ChatError.Code)
    /// The user was banned or disabled: all their connections are told so, and closed.
    case closeAccount(UserID, Ban?)
}
