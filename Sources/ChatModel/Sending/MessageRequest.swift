/// A request to send a message, from REST or from a socket.
public struct MessageRequest: Sendable, Decodable, Equatable {
    public var conversationId: ConversationID?
    public var recipientId: UserID?
    public var text: String?
    public var attachments: [UploadID]?
    public var replyTo: MessageID?
    public var clientId: String?

    public init(
        conversationId: ConversationID? = nil, recipientId: UserID? = nil, text: String? = nil,
        attachments: [UploadID]? = nil, replyTo: MessageID? = nil, clientId: String? = nil
    ) {
        self.conversationId = conversationId
        self.recipientId = recipientId
        self.text = text
        self.attachments = attachments
        self.replyTo = replyTo
        self.clientId = clientId
    }
}
