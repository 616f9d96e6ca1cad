import Testing

@testable import ChatModel

@Suite struct DraftTests {
    private let conversation = ConversationID.make()
    private let sender = UserID.make()

    private func draft(_ request: MessageRequest, filter: WordFilter = WordFilter([])) throws -> Draft {
        try Draft(request, to: conversation, from: sender, origin: nil, filter: filter, hasRoom: true)
    }

    @Test func theFormIsChecked() {
        func code(_ request: MessageRequest) -> ChatError.Code? { Draft.flaw(of: request)?.code }
        #expect(code(MessageRequest(text: "hello")) == nil)
        #expect(code(MessageRequest()) == .validationFailed)
        #expect(code(MessageRequest(text: "", attachments: [.make()])) == nil, "a picture needs no words")
        #expect(code(MessageRequest(text: "x", attachments: (0..<11).map { _ in .make() })) == .validationFailed)
        #expect(code(MessageRequest(text: String(repeating: "x", count: 8001))) == .validationFailed)
        #expect(code(MessageRequest(text: "x", clientId: "")) == .validationFailed)
        #expect(code(MessageRequest(text: "x", clientId: String(repeating: "x", count: 65))) == .validationFailed)
    }

    /// What makes two requests with one `clientId` the same.
    @Test func aFingerprintIsOfTheTextTheAttachmentsAndTheMessageThatIsAnswered() throws {
        let (upload, other, answered) = (UploadID.make(), UploadID.make(), MessageID.make())
        func fingerprint(_ text: String, _ attachments: [UploadID] = [], _ replyTo: MessageID? = nil) throws -> [UInt8]?
        {
            try draft(MessageRequest(text: text, attachments: attachments, replyTo: replyTo, clientId: "1"))
                .fingerprint.map { Array($0) }
        }
        #expect(try fingerprint("a") == fingerprint("a"))
        let requests = try [
            fingerprint("a"), fingerprint("b"), fingerprint("a", [upload]), fingerprint("a", [other]),
            fingerprint("a", [upload, other]), fingerprint("a", [other, upload]), fingerprint("a", [], answered),
        ]
        #expect(Set(requests).count == requests.count)
        #expect(try draft(MessageRequest(text: "a")).fingerprint == nil, "without a clientId nothing is repeated")
    }

    @Test func aRepetitionIsOfTheSameSenderInTheSameConversation() throws {
        let key = try draft(MessageRequest(text: "a", clientId: "1")).repetitionKey
        #expect(key == Draft.RepetitionKey(conversation: conversation, sender: sender, clientId: "1"))
        #expect(try draft(MessageRequest(text: "a")).repetitionKey == nil)
    }

    @Test func theWordFilterJudgesTheText() throws {
        let filter = WordFilter([("bad", .refuse), ("darn", .mask)])
        #expect(try draft(MessageRequest(text: "bad"), filter: filter).judgment.isRefused)
        #expect(try draft(MessageRequest(text: "darn it"), filter: filter).judgment.text == "**** it")
    }

    @Test func itNeedsTheRowsThatItsForeignKeysCheck() throws {
        let (upload, answered) = (UploadID.make(), MessageID.make())
        #expect(try draft(MessageRequest(text: "a")).rows == [.conversation(conversation), .user(sender)])
        #expect(
            try draft(MessageRequest(text: "a", attachments: [upload], replyTo: answered)).rows
                == [.conversation(conversation), .user(sender), .upload(upload), .message(answered)])
    }
}
