import Testing

@testable import Chat

@Suite struct RulesTests {
    private func field<Value>(_ body: () throws(ChatError) -> Value) -> String? {
        do {
            _ = try body()
            return nil
        } catch {
            return error.code == .validationFailed ? error.field : "\(error)"
        }
    }

    @Test func userNamesAreLowerCase() throws {
        #expect(try Rules.username("Alice_1.b-c") == "alice_1.b-c")
        for name in ["ab", String(repeating: "a", count: 33), "a b", "älice", "a\nb", "alice!", ""] {
            #expect(field { () throws(ChatError) in try Rules.username(name) } == "username", "\(name)")
        }
    }

    @Test func passwordsAreCountedInCodePointsAndNeverCut() {
        #expect(field { () throws(ChatError) in try Rules.password("1234567") } == "password")
        #expect(field { () throws(ChatError) in try Rules.password("🦀🦀🦀🦀🦀🦀🦀🦀") } == nil)
        #expect(field { () throws(ChatError) in try Rules.password(String(repeating: "x", count: 257)) } == "password")
        #expect(
            field { () throws(ChatError) in try Rules.password("Wonderland", username: "wonderland") } == "password")
        #expect(field { () throws(ChatError) in try Rules.password("password") } == "password")
    }

    @Test func namesAndTitlesAreOneLine() throws {
        #expect(try Rules.displayName("  Alice \u{3000}") == "Alice")
        #expect(try Rules.title("Plans for 🦀") == "Plans for 🦀")
        for bad in ["", "   ", "a\nb", "a\u{0}b", String(repeating: "x", count: 65)] {
            #expect(field { () throws(ChatError) in try Rules.displayName(bad) } == "displayName", "\(bad)")
        }
        #expect(field { () throws(ChatError) in try Rules.title(String(repeating: "x", count: 81)) } == "title")
    }

    @Test func textIsCountedInCodePoints() {
        func text(_ text: String, attachments: Bool = false) -> String? {
            field { () throws(ChatError) in try Rules.text(text, hasAttachments: attachments) }
        }
        #expect(text(String(repeating: "🦀", count: 8000)) == nil)
        #expect(text(String(repeating: "x", count: 8001)) == "text")
        // One character to Swift, two code points to PostgreSQL.
        #expect(text(String(repeating: "e\u{301}", count: 4001)) == "text")
        #expect(text("") == "text")
        #expect(text("", attachments: true) == nil)
        #expect(text("a\u{0}b", attachments: true) == "text")
        #expect(text("\r\n\t") == nil)
    }

    @Test func emojiAreNoWords() {
        func emoji(_ emoji: String) -> String? { field { () throws(ChatError) in try Rules.emoji(emoji) } }
        for good in ["👍", "❤️", "👩‍👩‍👧‍👦", "🇨🇭", "1️⃣", "☺️", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"] { #expect(emoji(good) == nil, "\(good)") }
        for bad in ["", "a", "1", "👍👍", "ok", " ", "\u{0}", "#"] { #expect(emoji(bad) == "emoji", "\(bad)") }
    }

    @Test func clientIDsAndAttachments() {
        #expect(field { () throws(ChatError) in try Rules.clientID("") } == "clientId")
        #expect(field { () throws(ChatError) in try Rules.clientID(String(repeating: "x", count: 64)) } == nil)
        #expect(field { () throws(ChatError) in try Rules.clientID(String(repeating: "x", count: 65)) } == "clientId")
        let one = UploadID.make()
        #expect(field { () throws(ChatError) in try Rules.attachments([one, one]) } == "attachments")
        #expect(field { () throws(ChatError) in try Rules.attachments((0..<11).map { _ in .make() }) } == "attachments")
        #expect(field { () throws(ChatError) in try Rules.attachments((0..<10).map { _ in .make() }) } == nil)
    }
}
