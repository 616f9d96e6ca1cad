/// What one change of a conversation is to its members: who came or went, a role, the title.
public struct ConversationNews: Sendable {
    public var conversation: ConversationID
    public var revision: Int
    /// The position of the last message at this revision. Only matters where somebody comes.
    public var lastSeq: Int
    /// Who becomes a member, or sees the conversation again.
    public var arriving: [NewMember]
    public var leaving: [UserID]
    /// What is told at this revision, in order.
    public var events: [ChatEvent]
    /// To whom the whole conversation is shown afterwards.
    package var shownTo: Showing

    package enum Showing: Sendable, Equatable {
        case nobody
        /// To everybody who was there before, if the group is small; to these in any case.
        case smallGroup(and: [UserID])
        case only([UserID])
    }

    package init(
        _ conversation: ConversationID, revision: Int, lastSeq: Int = 0, arriving: [NewMember] = [],
        leaving: [UserID] = [], events: [ChatEvent] = [], shownTo: Showing = .nobody
    ) {
        self.shownTo = shownTo
        self.conversation = conversation
        self.revision = revision
        self.lastSeq = lastSeq
        self.arriving = arriving
        self.leaving = leaving
        self.events = events
    }
}

/// Somebody who becomes a member, or to whom a hidden conversation is shown again.
public struct NewMember: Sendable {
    public var user: UserID
    /// The conversation as they see it; nil if none of their devices was here to be told.
    public var view: Conversation?

    package init(user: UserID, view: Conversation?) {
        self.user = user
        self.view = view
    }
}
