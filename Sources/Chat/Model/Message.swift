public import Foundation

/// A message, as API.md shows it. A deleted one stays in its place with an empty text and `deletedAt`.
public struct Message: Sendable, Codable, Equatable {
    public enum Status: String, Sendable, Codable { case sent, delivered, read }

    public struct Reaction: Sendable, Codable, Equatable {
        public var emoji: String
        public var userIds: [UserID]
    }

    public var id: MessageID
    public var conversationId: ConversationID
    /// The position in the conversation: 1, 2, 3 … with no gap and no repeat.
    public var seq: Int
    /// The conversation's change counter at this message's last change.
    public var revision: Int
    public var sender: Sender
    public var text: String
    public var attachments: [Upload]
    public var replyTo: MessageID?
    public var reactions: [Reaction]
    public var clientId: String?
    public var status: Status
    public var createdAt: Date
    public var editedAt: Date?
    public var deletedAt: Date?
}
