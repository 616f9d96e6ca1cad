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
    /// The messages of others past the user's read mark, without deleted ones.
    public var unreadCount: Int
    /// Only shown to the member whom a stranger added, until they answer.
    public var invitation: Invitation?
    public var createdAt: Date
    public var updatedAt: Date

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
        memberCount: Int, lastSeq: Int, revision: Int, lastMessage: Message? = nil, unreadCount: Int,
        invitation: Invitation? = nil, createdAt: Date, updatedAt: Date
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
        self.unreadCount = unreadCount
        self.invitation = invitation
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}
