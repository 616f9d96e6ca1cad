import Crypto
package import Foundation

/// A message that is to be stored. Its form has been checked, the sender's permission has not.
package struct Draft: Sendable {
    /// Made before the first attempt to store it. If the connection breaks, we can find out later whether the attempt was
    /// committed.
    package let id: MessageID
    package let conversation: ConversationID
    package let sender: UserID
    package let text: String
    /// The word filter's judgment of `text`. The filter runs here, so that no text delays a lane.
    package let judgment: WordFilter.Judgment
    /// Whether the sender's quota has room for more text.
    package let hasRoom: Bool
    package let attachments: [UploadID]
    package let replyTo: MessageID?
    package let clientId: String?
    package let fingerprint: Data?
    package let origin: ConnectionID?

    /// - Throws: `validation_failed`.
    package init(
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
        judgment = filter.judge(text)
        self.hasRoom = hasRoom
        self.attachments = attachments
        replyTo = request.replyTo
        clientId = request.clientId
        fingerprint = request.clientId == nil ? nil : Self.fingerprint(text, attachments, request.replyTo)
        self.origin = origin
    }

    /// What is wrong with the form of a request; nil when it is valid.
    package static func flaw(of request: MessageRequest) -> ChatError? {
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

    /// Two drafts with the same key must not go into one statement, because the second would not see the first.
    package var repetitionKey: RepetitionKey? {
        clientId.map { RepetitionKey(conversation: conversation, sender: sender, clientId: $0) }
    }

    package struct RepetitionKey: Hashable, Sendable {
        package var conversation: ConversationID
        package var sender: UserID
        package var clientId: String

        package init(conversation: ConversationID, sender: UserID, clientId: String) {
            self.conversation = conversation
            self.sender = sender
            self.clientId = clientId
        }
    }

    /// The SHA-256 of what makes two requests the same one. Ids have a fixed length and the text comes last, so two
    /// different requests never have the same encoding.
    private static func fingerprint(_ text: String, _ attachments: [UploadID], _ replyTo: MessageID?) -> Data {
        var hash = SHA256()
        hash.update(data: [UInt8(attachments.count), replyTo == nil ? 0 : 1])
        for id in attachments { withUnsafeBytes(of: id.uuid.uuid) { hash.update(bufferPointer: $0) } }
        if let replyTo { withUnsafeBytes(of: replyTo.uuid.uuid) { hash.update(bufferPointer: $0) } }
        hash.update(data: Data(text.utf8))
        return Data(hash.finalize())
    }
}
