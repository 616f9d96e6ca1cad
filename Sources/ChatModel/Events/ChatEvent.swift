public import Foundation

/// News for the people who are connected. The database can rebuild each event by `seq` and `revision`: an event that is
/// lost costs a `sync`, never data.
public enum ChatEvent: Sendable {
    case messageUpdated(Message)
    case messageDeleted(Message)
    /// A user reacted to the message or took the reaction back; the message is as it is afterwards.
    case reactionChanged(Reacting, to: Message)
    /// The marks of some members moved. In a large group (`widely` is false) only each member's own devices are told: a
    /// thousand readers of one message would otherwise cause a million events.
    case marksMoved(ConversationID, [MemberMarks], widely: Bool)
    case typingBegan(conversation: ConversationID, by: Sender, origin: ConnectionID?)
    case typingEnded(conversation: ConversationID, by: UserID, origin: ConnectionID?)
    /// `user` is a member from now on and sees `conversation` as given here.
    case conversationCreated(Conversation, for: UserID)
    case conversationUpdated(Conversation, for: UserID)
    /// In place of `conversationUpdated`, for a group that is too large to show it whole to each member.
    case conversationRenamed(ConversationID, title: String, revision: Int)
    /// A member has another role. A small group is shown `conversationUpdated` as well.
    case roleChanged(ConversationID, user: UserID, role: Member.Role, revision: Int)
    /// `user` is not a member any more, or hid the conversation.
    case conversationRemoved(ConversationID, for: UserID, revision: Int)
    /// Somebody became a member. The members of a new conversation learn of each other by `conversationCreated`.
    case memberJoined(ConversationID, Member, MembershipChange)
    case memberLeft(ConversationID, user: UserID, MembershipChange)
    case userStatus(user: UserID, status: User.Status, lastSeenAt: Date?, audience: [UserID])
    /// A user's profile changed: as the audience sees it. For the user's own devices, too.
    case userUpdated(User, audience: [UserID])
    /// A user blocked somebody or unblocked them; for the user's own devices.
    case blocked(UserID, by: UserID, isBlocked: Bool)
    /// How much the user wants to be told of the conversation; for their own devices.
    case attentionChanged(Attention, in: ConversationID, for: UserID)
    /// The user may not write before `until`; nil when they may again.
    case muted(UserID, until: Date?)
}
