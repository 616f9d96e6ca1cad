public import Foundation

/// A direct conversation of two people, or a group.
public struct Conversation: Sendable, Codable, Equatable {
    public enum Kind: String, Sendable, Codable { case direct, group }
    public enum Visibility: String, Sendable, Codable { case `private`, `public` }

    public var id: ConversationID
    public var kind: Kind
    public var title: String?
    public var visibility: Visibility?
    /// The first fifty by the time they joined; `memberCount` says how many there are.
    public var members: [Member]
    public var memberCount: Int
    /// The position of the newest message, 0 before the first.
    public var lastSeq: Int
    /// Counts the changes of the conversation: API.md says which.
    public var revision: Int
    public var lastMessage: Message?
    /// Messages of others past the caller's read mark that have not been deleted.
    public var unreadCount: Int
    /// In one's own view only, while a stranger's adding has not been answered.
    public var invitation: Invitation?
    public var createdAt: Date
    public var updatedAt: Date

    /// Who put somebody that does not know them into a group, and when.
    public struct Invitation: Sendable, Codable, Equatable {
        public var by: Sender
        public var at: Date
    }
}

public struct Member: Sendable, Codable, Equatable {
    public enum Role: String, Sendable, Codable { case owner, admin, member }

    public var user: User
    public var role: Role
    /// All messages up to this `seq` have reached one of the member's devices.
    public var deliveredSeq: Int
    /// All messages up to this `seq` have been read.
    public var readSeq: Int
}
