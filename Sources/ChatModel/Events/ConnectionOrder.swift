/// What the connections of this process have to do, because of who their users are and what they are members of.
public enum ConnectionOrder: Sendable {
    /// The user's connections join the conversation's room.
    case join(ConversationID, user: UserID)
    /// The user's connections leave the room: the removal of the user is about to be committed, and no message is stored
    /// in the conversation before it is. `confirmLeave` or `cut` follows.
    case leave(ConversationID, user: UserID)
    /// The removal after a `leave` is committed.
    case confirmLeave(ConversationID, user: UserID)
    /// The user's memberships changed, or may have, in a way that this process does not know: their connections are cut,
    /// and find out when they come again.
    /// - Parameter leaving: The conversation of a `leave` that was not confirmed.
    case cut(UserID, leaving: ConversationID?)
    /// The session's connections are told why, and closed.
    case closeSession(SessionID, ChatError.Code)
    /// The user was banned or disabled: all their connections are told so, and closed.
    case closeAccount(UserID)
}
