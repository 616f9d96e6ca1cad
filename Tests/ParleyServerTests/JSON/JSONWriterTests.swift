import ChatModel
import Foundation
import NIOCore
import NIOFoundationCompat
import Testing

@testable import ParleyServer

/// What is written is read by Foundation as it was meant.
@Suite struct JSONWriterTests {
    private struct Text: JSONWritable {
        var text: String

        func write(to json: inout JSONWriter) { json.string(text) }
    }

    @Test(arguments: [
        "", "plain", "quote \" backslash \\ slash /", "tab\t newline\n return\r \u{8}\u{C}", "\u{0}\u{1}\u{1F}\u{7F}",
        "é 日本語 👩‍👩‍👧‍👦 \u{2028}\u{FEFF}", "</script>", String(repeating: "x\"", count: 4000),
    ])
    func textIsEscaped(text: String) throws {
        #expect(try Text(text: text).object as? String == text)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        #expect(try Data(buffer: Text(text: text).json) == encoder.encode(text))
    }

    /// Two people in turn, one of whom changes meanwhile.
    private struct People: JSONWritable {
        var people: [User]

        func write(to json: inout JSONWriter) { json.array(people) { $0.repeated($1) } }
    }

    @Test func aPersonIsWrittenAsTheyAreEachTime() throws {
        let ana = User(id: .make(), username: "ana", displayName: "Ana", createdAt: Date(timeIntervalSince1970: 0))
        let bo = User(id: .make(), username: "bo", displayName: "Bo", createdAt: Date(timeIntervalSince1970: 0))
        var online = ana
        online.status = .online
        let people = [ana, bo, ana, online, ana, bo]
        let written = try #require(try People(people: people).object as? [NSDictionary])
        #expect(try written == people.map { try #require(try $0.object as? NSDictionary) })
    }

    private struct Fields: JSONWritable {
        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("text", "a")
                json.field("none", nil as String?)
                json.field("integer", Int.max)
                json.field("whole", 7.0)
                json.field("fraction", 12.5)
                json.field("yes", true)
                json.field("time", Date(timeIntervalSince1970: 1_800_000_000.5))
                json.field("list", [1, 2]) { $0.integer($1) }
                json.name("empty")
                json.array([Int]()) { $0.integer($1) }
                json.name("object")
                json.object { $0.field("no", false) }
                json.field("last", 0)
            }
        }
    }

    @Test func fieldsAreWritten() {
        #expect(
            String(buffer: Fields().json) == """
                {"text":"a","integer":9223372036854775807,"whole":7,"fraction":12.5,"yes":true,\
                "time":"2027-01-15T08:00:00.500Z","list":[1,2],"empty":[],"object":{"no":false},"last":0}
                """)
    }
}
