import NIOCore
import Testing

@testable import Chat

@Suite struct RelayedTextTests {
    private func read(_ text: String) -> RelayedText? { RelayedText(ByteBuffer(string: text)) }

    @Test func itIsReadAsItWasWritten() throws {
        let json = ByteBuffer(string: #"{"text":"a b\n"}"#)
        let text = RelayedText(["+1", "small"], [.init(["message:received", "x"], json), .init(["typing"], json)])
        let read = try #require(RelayedText(text.bytes))
        #expect(read.words == ["+1", "small"])
        #expect(read.parts.map(\.words) == [["message:received", "x"], ["typing"]])
        #expect(read.parts.map(\.json) == [json, json])
    }

    @Test func wordsAloneAreALine() throws {
        let read = try #require(RelayedText(RelayedText(["stop"]).bytes))
        #expect(read.words == ["stop"] && read.parts.isEmpty)
        #expect(self.read("")?.words == [])
    }

    @Test func withoutWordsThePartsFollow() throws {
        let read = try #require(RelayedText(RelayedText([], [.init(["a"], ByteBuffer(string: "{}"))]).bytes))
        #expect(read.words.isEmpty && read.parts.map(\.words) == [["a"]])
    }

    @Test(arguments: ["a\nb", "a\nb\n", "a\nb\n\nc"]) func aPartWithoutJSONIsNone(text: String) {
        #expect(read(text) == nil)
    }
}
