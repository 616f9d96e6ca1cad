import Foundation
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

    @Test func whatIsSaidAboutAttachmentsIsPartOfTheRequestAndFiltered() throws {
        let filter = WordFilter([("bad", .refuse), ("darn", .mask), ("odd", .report)])
        let (one, other) = (UploadID.make(), UploadID.make())
        func draft(_ alts: [UploadID: String], _ text: String = "a") throws -> Draft {
            try self.draft(
                MessageRequest(text: text, attachments: [one, other], alts: alts, clientId: "1"), filter: filter)
        }
        let plain = try draft([:])
        #expect(try draft([one: ""]).alts.isEmpty)
        let fingerprints = try [
            plain, draft([one: "x"]), draft([other: "x"]), draft([one: "x", other: "x"]), draft([one: "xa"], ""),
        ].map(\.fingerprint)
        #expect(Set(fingerprints).count == fingerprints.count)
        #expect(try draft([one: "x", other: "y"]).fingerprint == draft([other: "y", one: "x"]).fingerprint)
        #expect(try draft([one: "bad"]).judgment.isRefused)
        let judged = try draft([one: "darn sea", other: "odd sea"], "odd")
        #expect(judged.alts == [one: "**** sea", other: "odd sea"] && !judged.judgment.isRefused)
        #expect(judged.judgment.reported == ["odd"] && judged.judgment.text == "odd")
        let long = MessageRequest(text: "x", attachments: [one], alts: [one: String(repeating: "x", count: 1001)])
        #expect(Draft.flaw(of: long)?.field == "attachments")
    }

    @Test func whichAttachmentsAreFilesIsPartOfTheRequest() throws {
        let (one, other) = (UploadID.make(), UploadID.make())
        func draft(_ asFiles: Set<UploadID>) throws -> Draft {
            try self.draft(MessageRequest(text: "a", attachments: [one, other], asFiles: asFiles, clientId: "1"))
        }
        let fingerprints = try [draft([]), draft([one]), draft([other]), draft([one, other])].map(\.fingerprint)
        #expect(Set(fingerprints).count == fingerprints.count)
        #expect(try draft([one]).asFiles == [one])
        let json = #"{"attachments":[{"id":"\#(one)","asFile":true},{"id":"\#(other)","asFile":false}]}"#
        #expect(try JSONDecoder().decode(MessageRequest.self, from: Data(json.utf8)).asFiles == [one])
    }

    @Test func itNeedsTheRowsThatItsForeignKeysCheck() throws {
        let (upload, answered) = (UploadID.make(), MessageID.make())
        #expect(try draft(MessageRequest(text: "a")).rows == [.conversation(conversation), .user(sender)])
        #expect(
            try draft(MessageRequest(text: "a", attachments: [upload], replyTo: answered)).rows
                == [.conversation(conversation), .user(sender), .upload(upload), .message(answered)])
    }
}
