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
    /// The word filter's judgment of `text`, and of what is said about the attachments. The filter runs here, so that no
    /// text delays a lane.
    package let judgment: WordFilter.Judgment
    package let mentions: MentionedNames
    /// Whether the sender's quota has room for more text.
    package let hasRoom: Bool
    package let attachments: [UploadID]
    /// What is said about attachments, after the word filter.
    package let alts: [UploadID: String]
    /// The attachments that are to be files, whatever they are.
    package let asFiles: Set<UploadID>
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
        var judgment = filter.judge(text)
        var alts: [UploadID: String] = [:]
        for (id, alt) in request.alts where !alt.isEmpty {
            let judged = filter.judge(alt)
            alts[id] = judged.text
            judgment.isRefused = judgment.isRefused || judged.isRefused
            judgment.reported += judged.reported.filter { !judgment.reported.contains($0) }
        }
        self.judgment = judgment
        self.alts = alts
        asFiles = request.asFiles
        mentions = MentionedNames(in: judgment.text)
        self.hasRoom = hasRoom
        self.attachments = attachments
        replyTo = request.replyTo
        clientId = request.clientId
        fingerprint =
            request.clientId == nil ? nil : Self.fingerprint(text, attachments, request)
        self.origin = origin
    }

    /// What is wrong with the form of a request; nil when it is valid.
    package static func flaw(of request: MessageRequest) -> ChatError? {
        do throws(ChatError) {
            let attachments = request.attachments ?? []
            try Rules.attachments(attachments)
            for alt in request.alts.values { try Rules.alt(alt) }
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

    /// The SHA-256 of what makes two requests the same one. Ids have a fixed length, what is said about attachments has its
    /// length before it, and the text comes last, so two different requests never have the same encoding. Without anything
    /// said about attachments, it is what servers of the version before make.
    private static func fingerprint(_ text: String, _ attachments: [UploadID], _ request: MessageRequest) -> Data {
        let (alts, asFiles, replyTo) = (request.alts, request.asFiles, request.replyTo)
        var hash = SHA256()
        let parts: UInt8 = (replyTo == nil ? 0 : 1) | (alts.isEmpty ? 0 : 2) | (asFiles.isEmpty ? 0 : 4)
        hash.update(data: [UInt8(attachments.count), parts])
        if !asFiles.isEmpty { hash.update(data: attachments.map { asFiles.contains($0) ? 1 : 0 }) }
        for id in attachments { withUnsafeBytes(of: id.uuid.uuid) { hash.update(bufferPointer: $0) } }
        if let replyTo { withUnsafeBytes(of: replyTo.uuid.uuid) { hash.update(bufferPointer: $0) } }
        for id in attachments where !alts.isEmpty {
            let alt = Data((alts[id] ?? "").utf8)
            withUnsafeBytes(of: UInt32(alt.count).bigEndian) { hash.update(bufferPointer: $0) }
            hash.update(data: alt)
        }
        hash.update(data: Data(text.utf8))
        return Data(hash.finalize())
    }
}
