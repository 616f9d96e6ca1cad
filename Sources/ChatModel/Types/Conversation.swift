public import Foundation

/// A direct conversation of two people, or a group.
public struct Conversation: Sendable, Equatable {
    public enum Kind: String, Sendable, Codable { case direct, group }
    public enum Visibility: String, Sendable, Codable { case `private`, `public` }

    public var id: ConversationID
    public var kind: Kind
    public var title: String?
    public var visibility: Visibility?
    /// The first fifty members by the time they joined; `memberCount` counts all.
    public var members: [Member]
    public var memberCount: Int
    /// The position of the newest message, 0 before the first.
    public var lastSeq: Int
    /// Counts the changes of the conversation. API.md says what counts as one.
    public var revision: Int
    public var lastMessage: Message?
    /// The viewer's own membership; nil from outside.
    public var me: Own?
    /// The lowest marks of all other members; nil where there are none. A message of the viewer's own is read up to
    /// `readSeq`, also in a group of more members than are listed.
    public var others: Marks?
    /// The messages of others past the user's read mark, without deleted ones.
    public var unreadCount: Int
    /// Those of them that mention the user, by name or as one of all.
    public var unreadMentions: Int
    /// Only shown to the member whom a stranger added, until they answer.
    public var invitation: Invitation?
    public var createdAt: Date
    public var updatedAt: Date

    public struct Own: Sendable, Equatable {
        public var role: Member.Role
        public var deliveredSeq: Int
        public var readSeq: Int
        public var attention: Attention

        package init(role: Member.Role, deliveredSeq: Int, readSeq: Int, attention: Attention = Attention()) {
            self.role = role
            self.deliveredSeq = deliveredSeq
            self.readSeq = readSeq
            self.attention = attention
        }
    }

    public struct Marks: Sendable, Equatable {
        public var deliveredSeq: Int
        public var readSeq: Int

        package init(deliveredSeq: Int, readSeq: Int) {
            self.deliveredSeq = deliveredSeq
            self.readSeq = readSeq
        }
    }

    /// Says who added the user to a group without knowing them, and when.
    public struct Invitation: Sendable, Equatable {
        public var by: Sender
        public var at: Date

        package init(by: Sender, at: Date) {
            self.by = by
            self.at = at
        }
    }

    package init(
        id: ConversationID, kind: Kind, title: String? = nil, visibility: Visibility? = nil, members: [Member],
        memberCount: Int, lastSeq: Int, revision: Int, lastMessage: Message? = nil, me: Own? = nil,
        others: Marks? = nil,
        unreadCount: Int, unreadMentions: Int = 0, invitation: Invitation? = nil, createdAt: Date, updatedAt: Date
    ) {
        self.id = id
        self.kind = kind
        self.title = title
        self.visibility = visibility
        self.members = members
        self.memberCount = memberCount
        self.lastSeq = lastSeq
        self.revision = revision
        self.lastMessage = lastMessage
        self.me = me
        self.others = others
        self.unreadCount = unreadCount
        self.unreadMentions = unreadMentions
        self.invitation = invitation
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}
