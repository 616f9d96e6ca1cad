import Foundation
import Glibc
import Testing

@testable import ChatModel

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
        let bad = [
            "ab", String(repeating: "a", count: 33), "a b", "älice", "a\nb", "alice!", "", "аlice", "ali\u{200B}ce",
            "İbo",
            "ali\u{301}ce", String(repeating: "\u{FDFA}", count: 3),
        ]
        for name in bad {
            #expect(field { () throws(ChatError) in try Rules.username(name) } == "username", "\(name)")
        }
    }

    @Test(arguments: ["alice", "Alice", "ａｌｉｃｅ", "ＡＬＩＣＥ", "𝐚𝐥𝐢𝐜𝐞", "Ⓐlice", "ªlice", "al\u{2170}ce"])
    func userNamesHaveOneForm(name: String) throws { #expect(try Rules.username(name) == "alice") }

    @Test func passwordsAreCountedInCodePointsAndNeverCut() {
        #expect(field { () throws(ChatError) in try Rules.password("1234567") } == "password")
        #expect(field { () throws(ChatError) in try Rules.password("🦀🦀🦀🦀🦀🦀🦀🦀") } == nil)
        #expect(field { () throws(ChatError) in try Rules.password(String(repeating: "x", count: 257)) } == "password")
        #expect(field { () throws(ChatError) in try Rules.password("password") } == "password")
    }

    @Test func commonPasswordsAreRefusedWhateverTheirCase() {
        for password in ["password", "Password1", "QWERTYUIOP", "trustno1", "1q2w3e4r", "iloveyou", "11111111"] {
            #expect(field { () throws(ChatError) in try Rules.password(password) } == "password", "\(password)")
        }
        #expect(field { () throws(ChatError) in try Rules.password("correct horse battery") } == nil)
    }

    @Test func theListHasAsManyAsItShould() {
        let words = CommonPasswordList.text.split(whereSeparator: \.isWhitespace)
        #expect(words.count >= 10_000 && Set(words).count == words.count)
        #expect(words.allSatisfy { $0.utf8.count >= 8 && $0 == $0.lowercased() })
    }

    @Test func ownNamesAreNoPasswords() {
        let names = ["wonder.land", "Alice Liddell", "x1234567"]
        for password in [
            "Wonder.Land", "wonderland", "WONDERLAND1", "dnalrednow", "wonder1999", "Alice Liddell", "aliceliddell!",
            "Liddell.Alice.7", "alice-alice", "12alice34", "X1234567", "ecila1865",
        ] {
            #expect(
                field { () throws(ChatError) in try Rules.password(password, names: names) } == "password",
                "\(password)")
        }
        for password in ["alice in wonderland", "through the looking-glass", "alice 186507041865", "Ali1234567890"] {
            #expect(
                field { () throws(ChatError) in try Rules.password(password, names: names) } == nil, "\(password)")
        }
        // Too short to be meant.
        #expect(field { () throws(ChatError) in try Rules.password("al-2846-zq", names: ["al"]) } == nil)
    }

    /// Normalizing or comparing any of these takes seconds.
    @Test func nothingIsDoneWithWhatIsTooLong() {
        let long = "a" + String(repeating: "\u{301}\u{323}", count: 60_000)
        let rules: [(String) throws -> Void] = [
            { text in _ = try Rules.username(text) },
            { text in try Rules.password(text, names: [text]) },
            { text in try Rules.passwordGuess(text) },
            { text in _ = try Rules.displayName(text) },
            { text in _ = try Rules.about(text) },
            { text in _ = try Rules.title(text) },
            { text in _ = try Rules.reason(text) },
            { text in guard Emoji.canonical(text) != nil else { throw Rules.noEmoji } },
            { text in try Rules.text(text, hasAttachments: true) },
            { text in try Rules.clientID(text) },
        ]
        let spent = threadCPUSeconds {
            for rule in rules { #expect(throws: ChatError.self) { try rule(long) } }
        }
        // What one of them took.
        let normalizing = threadCPUSeconds {
            _ = String(long.unicodeScalars.prefix(30_000)).precomposedStringWithCanonicalMapping.utf8.count
        }
        #expect(spent < normalizing)
    }

    @Test func namesAndTitlesAreOneLine() throws {
        #expect(try Rules.displayName("  Alice \u{3000}") == "Alice")
        #expect(try Rules.title("Plans for 🦀") == "Plans for 🦀")
        #expect(try Rules.displayName("Ana   Nova") == "Ana Nova")
        let bad = [
            "", "   ", "a\nb", "a\u{0}b", String(repeating: "x", count: 65), "\u{200B}", "\u{3164}", "a\u{202E}b",
            "\u{2800}",
            "Z" + String(repeating: "\u{30D}", count: 12),
        ]
        for bad in bad {
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

/// What the body takes of this thread's CPU: a comparison that holds on a busy machine too.
private func threadCPUSeconds(_ body: () throws -> Void) rethrows -> Double {
    func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
    let before = now()
    try body()
    return now() - before
}
