/// A request to send a message, from REST or from a socket.
public struct MessageRequest: Sendable, Decodable, Equatable {
    public var conversationId: ConversationID?
    public var recipientId: UserID?
    public var text: String?
    public var attachments: [UploadID]?
    /// What can be seen or heard in attachments, in the sender's words.
    public var alts: [UploadID: String]
    /// Pictures and films that are to be files.
    public var asFiles: Set<UploadID>
    public var replyTo: MessageID?
    public var clientId: String?

    public init(
        conversationId: ConversationID? = nil, recipientId: UserID? = nil, text: String? = nil,
        attachments: [UploadID]? = nil, alts: [UploadID: String] = [:], asFiles: Set<UploadID> = [],
        replyTo: MessageID? = nil, clientId: String? = nil
    ) {
        self.conversationId = conversationId
        self.recipientId = recipientId
        self.text = text
        self.attachments = attachments
        self.alts = alts
        self.asFiles = asFiles
        self.replyTo = replyTo
        self.clientId = clientId
    }

    private enum CodingKeys: String, CodingKey {
        case conversationId, recipientId, text, attachments, replyTo, clientId
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let attachments = try fields.decodeIfPresent([Attachment].self, forKey: .attachments)
        self.init(
            conversationId: try fields.decodeIfPresent(ConversationID.self, forKey: .conversationId),
            recipientId: try fields.decodeIfPresent(UserID.self, forKey: .recipientId),
            text: try fields.decodeIfPresent(String.self, forKey: .text), attachments: attachments?.map(\.id),
            alts: Dictionary(
                (attachments ?? []).compactMap { each in each.alt.map { (each.id, $0) } },
                uniquingKeysWith: { first, _ in first }),
            asFiles: Set((attachments ?? []).filter { $0.asFile == true }.map(\.id)),
            replyTo: try fields.decodeIfPresent(MessageID.self, forKey: .replyTo),
            clientId: try fields.decodeIfPresent(String.self, forKey: .clientId))
    }

    /// The id of an upload, or an object with the id and more.
    private struct Attachment: Decodable {
        var id: UploadID
        var alt: String?
        var asFile: Bool?

        private enum CodingKeys: String, CodingKey { case id, alt, asFile }

        init(from decoder: any Decoder) throws {
            if let id = try? decoder.singleValueContainer().decode(UploadID.self) {
                self.id = id
            } else {
                let fields = try decoder.container(keyedBy: CodingKeys.self)
                id = try fields.decode(UploadID.self, forKey: .id)
                alt = try fields.decodeIfPresent(String.self, forKey: .alt)
                asFile = try fields.decodeIfPresent(Bool.self, forKey: .asFile)
            }
        }
    }
}
