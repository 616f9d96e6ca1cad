import ChatModel
import Foundation
import SocketIO
import Testing

@testable import ParleyServer

/// Payloads that are read without a decoder say the same as the decoder says.
@Suite struct PlainlyReadableTests {
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
