import Crypto
import Foundation

/// A request to send a message, whoever brought it.
public struct MessageRequest: Sendable, Codable, Equatable {
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

/// A message on its way into the database: checked for form, not yet for permission.
struct Draft: Sendable {
    /// Given before the first attempt, so that it can be found out later whether an attempt whose outcome was lost
    /// with the connection had been committed.
    let id: MessageID
    let conversation: ConversationID
    let sender: UserID
    let text: String
    /// What the word filter made of `text`. It judges here, so that no text holds up a lane.
    let judgement: WordFilter.Judgement
    /// Whether the sender may store more text.
    let hasRoom: Bool
    let attachments: [UploadID]
    let replyTo: MessageID?
    let clientId: String?
    let fingerprint: Data?
    let origin: ConnectionID?

    /// - Throws: `validation_failed`.
    init(
        _ request: MessageRequest, to conversation: ConversationID, from sender: UserID, origin: ConnectionID?,
        filter: WordFilter, hasRoom: Bool
    ) throws(ChatError) {
        if let flaw = Self.flaw(of: request) { throw flaw }
        let text = request.text ?? ""
        let attachments = request.attachments ?? []
        id = .make()
        self.conversation = conversation
        self.sender = sender
        self.text = text
        judgement = filter.judge(text)
        self.hasRoom = hasRoom
        self.attachments = attachments
        replyTo = request.replyTo
        clientId = request.clientId
        fingerprint = request.clientId == nil ? nil : Self.fingerprint(text, attachments, request.replyTo)
        self.origin = origin
    }

    /// What is wrong with the form of a request, whoever it goes to.
    static func flaw(of request: MessageRequest) -> ChatError? {
        do throws(ChatError) {
            let attachments = request.attachments ?? []
            try Rules.attachments(attachments)
            try Rules.text(request.text ?? "", hasAttachments: !attachments.isEmpty)
            if let clientId = request.clientId { try Rules.clientID(clientId) }
            return nil
        } catch {
            return error
        }
    }

    /// What two drafts share that must not go into one statement: the second would not see the first.
    var repetitionKey: RepetitionKey? {
        clientId.map { RepetitionKey(conversation: conversation, sender: sender, clientId: $0) }
    }

    struct RepetitionKey: Hashable, Sendable {
        var conversation: ConversationID
        var sender: UserID
        var clientId: String
    }

    /// SHA-256 of what makes two requests the same one. Ids have a fixed length and the text comes last, so no two
    /// requests share an encoding.
    private static func fingerprint(_ text: String, _ attachments: [UploadID], _ replyTo: MessageID?) -> Data {
        var hash = SHA256()
        hash.update(data: [UInt8(attachments.count), replyTo == nil ? 0 : 1])
        for id in attachments { withUnsafeBytes(of: id.uuid.uuid) { hash.update(bufferPointer: $0) } }
        if let replyTo { withUnsafeBytes(of: replyTo.uuid.uuid) { hash.update(bufferPointer: $0) } }
        hash.update(data: Data(text.utf8))
        return Data(hash.finalize())
    }
}
