import ChatModel
import SocketIO
import Testing

@testable import ParleyServer

@Suite struct SyncRequestTests {
    private func read(_ json: String) throws(ChatError) -> SyncRequest { try SyncRequest(JSONFragment(json: json)) }

    /// The field that a payload is refused for; the code where it names none.
    private func refusal(_ json: String) -> String? {
        do {
            _ = try read(json)
            return nil
        } catch {
            return error.field ?? error.code.description
        }
    }

    @Test func itNamesRevisionsByConversation() throws {
        let (one, other) = (ConversationID.make(), ConversationID.make())
        let request = try read(#"{"known":{"\#(one)":3,"\#(other)":0,"nonsense":1},"more":[]}"#)
        #expect(request.known == [one: 3, other: 0])
        #expect(request.malformed == ["nonsense"], "answered like an unknown one")
        #expect(request.cursor == nil)
    }

    @Test func aDeviceThatKnowsNothingSaysSo() throws {
        for json in ["{}", #"{"known":{}}"#, #"{"known":null,"cursor":null}"#] {
            let request = try read(json)
            #expect(request.known.isEmpty && request.malformed.isEmpty && request.cursor == nil)
        }
    }

    @Test func theLastOfTwoEqualNamesCounts() throws {
        let id = ConversationID.make()
        #expect(try read(#"{"known":{"\#(id)":1},"known":{"\#(id)":2}}"#).known == [id: 2])
    }

    @Test(arguments: [
        (#"{"known":[]}"#, "known"), (#"{"known":7}"#, "known"), (#"{"known":{"x":"1"}}"#, "known"),
        (#"{"known":{"x":1.5}}"#, "known"), (#"{"known":{"x":null}}"#, "known"), (#"{"cursor":7}"#, "cursor"),
        ("[]", "malformed_request"), ("7", "malformed_request"),
    ])
    func whatIsSomethingElseIsRefused(json: String, field: String) {
        #expect(refusal(json) == field)
    }

    @Test func aStringThatNoServerGaveIsTheBeginning() throws {
        #expect(try read(#"{"cursor":"from another server"}"#).cursor == SyncCursor("from another server"))
    }

    @Test func itNamesTenThousandAtMost() {
        func known(_ count: Int) -> String {
            "{\"known\":{\((0..<count).map { "\"\($0)\":1" }.joined(separator: ","))}}"
        }
        #expect(refusal(known(10_000)) == nil)
        #expect(refusal(known(10_001)) == "known")
        #expect(refusal("{\((0..<65).map { "\"\($0)\":1" }.joined(separator: ","))}") == "malformed_request")
    }
}
