public import Foundation

/// What happened, for whoever is connected. Every one of them can be rebuilt from the database by `seq` and `revision`:
/// an event that gets lost on the way costs a `sync`, never data.
public enum ChatEvent: Sendable {
    case messageUpdated(Message)
    case messageDeleted(Message)
    /// Somebody reacted to the message, or took that back; the message is as it is after it.
    case reactionChanged(Reacting, to: Message)
    /// A member's marks moved. In a group of more than 200 (`widely` false) only the member's own devices are told: a
    /// thousand readers of one message would otherwise be a million events.
    case statusChanged(conversation: ConversationID, user: UserID, deliveredSeq: Int, readSeq: Int, widely: Bool)
    case typing(conversation: ConversationID, user: UserID, active: Bool, origin: ConnectionID?)
    /// `user` is a member from now on and sees `conversation` as given here.
    case conversationCreated(Conversation, for: UserID)
    case conversationUpdated(Conversation, for: UserID)
    /// Of a group too large to show the whole conversation to each member.
    case conversationRenamed(ConversationID, title: String, revision: Int)
    /// Likewise: a member's role there is another one.
    case roleChanged(ConversationID, user: UserID, role: Member.Role, revision: Int)
    /// `user` is no member any more.
    case conversationRemoved(ConversationID, for: UserID)
    /// The user's connections belong to the conversation from now on. Its members are told if `announced`: those of a
    /// new conversation learn of each other by `conversationCreated`.
    case memberJoined(conversation: ConversationID, user: UserID, announced: Bool)
    /// The user's connections belong to the conversation no longer, though the removal is only about to be committed:
    /// no message is stored there before it is. `memberLeft` or `membershipUnknown` follows.
    case memberLeaving(conversation: ConversationID, user: UserID)
    case memberLeft(conversation: ConversationID, user: UserID)
    /// Which conversations the user is in has changed, or may have, in a way that nobody here saw: the connections are
    /// to be cut, and find out when they come again.
    /// - Parameter leaving: of which a `memberLeaving` has been told.
    case membershipUnknown(user: UserID, leaving: ConversationID?)
    case userStatus(user: UserID, status: User.Status, lastSeenAt: Date?, audience: [UserID])
    /// The session's connections are to be told why, and closed.
    case sessionEnded(SessionID, ChatError.Code)
    /// The user was banned or disabled: all their connections are to be told, and closed.
    case accountClosed(UserID)
    /// A user has blocked somebody, or no longer: for their own devices.
    case blocked(UserID, by: UserID, isBlocked: Bool)
    /// The user may not write before `until`; nil when they may again.
    case muted(UserID, until: Date?)
}
