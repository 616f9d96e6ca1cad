public import Foundation

/// A message, as API.md describes it. A deleted message keeps its place, with an empty text and `deletedAt`.
public struct Message: Sendable, Equatable {
    public enum Status: String, Sendable, Codable { case sent, delivered, read }

    public struct Reaction: Sendable, Equatable {
        public var emoji: String
        public var userIds: [UserID]

        package init(emoji: String, userIds: [UserID]) {
            self.emoji = emoji
            self.userIds = userIds
        }
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
    /// The URL of all attachments as one archive; nil for a message with fewer than two.
    public var filesUrl: String?
    /// Whom the text mentions by name, whatever they are called by now.
    public var mentions: [UserID]
    /// Whether the text mentions all members.
    public var mentionsAll: Bool
    /// What the first link in the text leads to; nil without one, and until it is known.
    public var card: LinkCard?
    public var replyTo: MessageID?
    public var reactions: [Reaction]
    public var clientId: String?
    public var status: Status
    public var createdAt: Date
    public var editedAt: Date?
    public var deletedAt: Date?

    package init(
        id: MessageID, conversationId: ConversationID, seq: Int, revision: Int, sender: Sender, text: String,
        attachments: [Upload], filesUrl: String? = nil, mentions: [UserID] = [], mentionsAll: Bool = false,
        card: LinkCard? = nil, replyTo: MessageID? = nil, reactions: [Reaction], clientId: String? = nil,
        status: Status, createdAt: Date, editedAt: Date? = nil, deletedAt: Date? = nil
    ) {
        self.id = id
        self.conversationId = conversationId
        self.seq = seq
        self.revision = revision
        self.sender = sender
        self.text = text
        self.attachments = attachments
        self.filesUrl = filesUrl
        self.mentions = mentions
        self.mentionsAll = mentionsAll
        self.card = card
        self.replyTo = replyTo
        self.reactions = reactions
        self.clientId = clientId
        self.status = status
        self.createdAt = createdAt
        self.editedAt = editedAt
        self.deletedAt = deletedAt
    }
}
