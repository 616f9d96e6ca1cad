import ChatModel
import Foundation
import NIOCore
import NIOFoundationCompat
import SocketIO
import Testing

@testable import ParleyServer

/// The direct forms of what is sent by the thousand say the same as Foundation's coders.
@Suite struct MessageJSONTests {
    private static let texts = [
        "", "plain", "quote \" backslash \\ slash /", "tab\t newline\n return\r \u{8}\u{C}", "\u{0}\u{1}\u{1F}\u{7F}",
        "é 日本語 👩‍👩‍👧‍👦 \u{2028}\u{FEFF}", "</script>", String(repeating: "x\"", count: 4000),
    ]

    private func object(_ json: ByteBuffer) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(buffer: json)) as? NSDictionary)
    }

    private func message(_ text: String, filled: Bool) throws -> Message {
        let sparse = """
            {"id":"\(MessageID.make())","conversationId":"\(ConversationID.make())","seq":1,"revision":9007199254740991,
            "sender":{"id":"\(UserID.make())","username":"ann","displayName":"x"},"text":"","attachments":[],
            "reactions":[],"status":"sent","createdAt":812000000.123}
            """
        var message = try JSONDecoder().decode(Message.self, from: Data(sparse.utf8))
        message.text = text
        message.sender.displayName = text
        guard filled else { return message }
        let upload = """
            {"id":"\(UploadID.make())","ownerId":"\(UserID.make())","name":"n","type":"image/png","size":123456789012,
            "sha256":"ab","kind":"video","width":3,"height":4,"duration":12.5,"blurhash":"L~#","url":"/upload/x?token=y",
            "thumbnails":[{"size":"small","width":1,"height":2,"url":"/u"},{"size":"large","width":1,"height":2,"url":"/v"}],
            "createdAt":812000000}
            """
        var first = try JSONDecoder().decode(Upload.self, from: Data(upload.utf8))
        first.name = text
        var second = first
        second.duration = 7
        second.thumbnails = []
        second.width = nil
        second.blurhash = nil
        message.attachments = [first, second]
        let reaction = #"{"emoji":"👍","userIds":["\#(UserID.make())","\#(UserID.make())"]}"#
        message.reactions = [try JSONDecoder().decode(Message.Reaction.self, from: Data(reaction.utf8))]
        message.clientId = text
        message.replyTo = .make()
        message.status = .read
        message.editedAt = Date(timeIntervalSince1970: 1_800_000_000.9996)
        message.deletedAt = Date(timeIntervalSince1970: -1)
        return message
    }

    @Test(arguments: texts) func messagesAreWrittenAsTheEncoderWritesThem(text: String) throws {
        for filled in [false, true] {
            let message = try message(text, filled: filled)
            #expect(try object(message.json) == object(JSON.encode(message)))
        }
    }

    @Test(arguments: texts) func conversationsAreWrittenAsTheEncoderWritesThem(text: String) throws {
        let sparse = """
            {"id":"\(ConversationID.make())","kind":"direct","members":[],"memberCount":2,"lastSeq":0,"revision":1,
            "unreadCount":0,"createdAt":812000000.5,"updatedAt":812000001}
            """
        var conversation = try JSONDecoder().decode(Conversation.self, from: Data(sparse.utf8))
        #expect(try object(conversation.json) == object(JSON.encode(conversation)))
        let person = #"{"id":"\#(UserID.make())","username":"ann","displayName":"x","createdAt":812000000.123}"#
        var user = try JSONDecoder().decode(User.self, from: Data(person.utf8))
        let membership = #"{"user":\#(person),"role":"owner","deliveredSeq":3,"readSeq":2}"#
        var member = try JSONDecoder().decode(Member.self, from: Data(membership.utf8))
        user.displayName = text
        user.about = text
        user.avatar = try message(text, filled: true).attachments[0]
        user.status = .offline
        user.lastSeenAt = Date(timeIntervalSince1970: 1_800_000_000)
        user.mutedUntil = .distantFuture
        conversation.members = [member]
        member.user = user
        conversation.members.append(member)
        conversation.title = text
        conversation.visibility = .public
        conversation.lastMessage = try message(text, filled: true)
        #expect(try object(conversation.json) == object(JSON.encode(conversation)))
        #expect(try object(user.json) == object(JSON.encode(user)))
    }

    private struct Page: Encodable {
        var messages: [Message]
        var hasMore: Bool
    }

    @Test func pagesAndAnswersAreWhole() throws {
        let messages = try Self.texts.map { try message($0, filled: true) }
        for page in [[], Array(messages.prefix(1)), messages] {
            #expect(
                try object(MessageList((page, true)).json) == object(JSON.encode(Page(messages: page, hasMore: true))))
        }
        let acknowledgement = try object(MessageAnswer(message: messages[1], isAcknowledgement: true).json)
        #expect(acknowledgement["ok"] as? Bool == true && acknowledgement.count == 2)
        #expect(try object(MessageAnswer(message: messages[1]).json).count == 1)
    }

    @Test(arguments: [
        #"{}"#, #"{"conversationId":"0190a1b2-0000-7000-8000-000000000001","text":"hello","clientId":"a"}"#,
        #"{ "recipientId" : "0190a1b2-0000-7000-8000-000000000001" , "text" : "é👍" }"#,
        #"{"conversationId":"nonsense","text":"a\nb\"c"}"#, #"{"text":null,"clientId":"x"}"#,
        #"{"text":"a","attachments":["0190a1b2-0000-7000-8000-000000000001"],"replyTo":"x"}"#,
        #"{"te\u0078t":"escaped name"}"#, #"{"text":"unknown fields are ignored","color":"red"}"#,
        #"{"text":"first","text":"second"}"#, #"{"text":"\ud83d\ude00"}"#,
    ])
    func requestsAreReadAsTheDecoderReadsThem(json: String) throws {
        let fragment = JSONFragment(json: json)
        let expected = try JSONDecoder().decode(MessageRequest.self, from: Data(json.utf8))
        // What has no plain form is left to the decoder.
        let members = try fragment.members(atMost: 64)
        if let plain = members.flatMap({ MessageRequest(plain: $0) }) { #expect(plain == expected) }
    }

    /// The usual payloads do take the short way.
    @Test func usualRequestsArePlain() throws {
        let json = #"{"conversationId":"0190a1b2-0000-7000-8000-000000000001","text":"hi there 👋","clientId":"1"}"#
        let members = try #require(try JSONFragment(json: json).members(atMost: 64))
        let request = try #require(MessageRequest(plain: members))
        #expect(request.text == "hi there 👋" && request.clientId == "1" && request.conversationId != nil)
        for unusual in [#"[]"#, #"3"#, #""text""#, #"{"text":1}"#, #"{"text":"a\n"}"#, #"{"text":"#] {
            let fragment = JSONFragment(json: unusual)
            #expect(try fragment.members(atMost: 64).flatMap { MessageRequest(plain: $0) } == nil)
        }
    }
}
