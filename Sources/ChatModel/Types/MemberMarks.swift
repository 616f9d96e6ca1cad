/// How far a member of a conversation has received and read.
public struct MemberMarks: Sendable, Equatable {
    public var conversation: ConversationID
    public var user: UserID
    public var deliveredSeq: Int
    public var readSeq: Int
    /// The messages of others past the read mark, without deleted ones. Only shown to the member.
    public var unreadCount: Int?
    /// Those of them that mention the member. Only shown to the member.
    public var unreadMentions: Int?
    /// Only shown to the member.
    public var attention: Attention?

    package init(
        conversation: ConversationID, user: UserID, deliveredSeq: Int, readSeq: Int, unreadCount: Int? = nil,
        unreadMentions: Int? = nil, attention: Attention? = nil
    ) {
        self.conversation = conversation
        self.user = user
        self.deliveredSeq = deliveredSeq
        self.readSeq = readSeq
        self.unreadCount = unreadCount
        self.unreadMentions = unreadMentions
        self.attention = attention
    }
}
