import Foundation
import Testing

@testable import ChatModel

@Suite struct NameTextTests {
    /// Tests/names.json, which the database is tested with as well.
    @Test func theTableOfNames() throws {
        // Tests/ChatModelTests/Text/NameTextTests.swift is three levels below Tests.
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let table = try JSONDecoder().decode(
            [String: [String]].self, from: Data(contentsOf: tests.appending(path: "names.json")))
        let flaws: [String: NameText.Flaw?] = ["good": nil, "invisible": .invisible, "empty": .empty, "marks": .marks]
        #expect(Set(table.keys) == Set(flaws.keys))
        for (kind, names) in table {
            for name in names {
                let text = NameText(name)
                #expect(text.flaw == flaws[kind] ?? nil, "\(kind): \(name.unicodeScalars.map(\.value))")
                if kind == "good" { #expect(text.scalars.elementsEqual(name.unicodeScalars), "\(name)") }
                if kind == "empty" { #expect(text.isEmpty) }
            }
        }
    }

    @Test(arguments: ["\u{200B}", "\u{3164}", "\u{FEFF}\u{200D}", "\u{E0041}", "\u{0}"])
    func theInvisibleAloneIsNoName(name: String) { #expect(NameText(name).isEmpty) }

    @Test func marksAreFewAndOnSomething() {
        let five = "a" + String(repeating: "\u{301}", count: 5)
        #expect(NameText(five).flaw == nil)
        #expect(NameText(five + five).flaw == nil)
        #expect(NameText(five + "\u{302}").flaw == .marks)
        #expect(NameText(five + "\u{302}").scalars.elementsEqual(five.unicodeScalars))
        #expect(NameText("ก" + String(repeating: "\u{E47}", count: 20)).flaw == .marks)
        #expect(NameText("👍" + String(repeating: "\u{20DD}", count: 6)).flaw == .marks)
        #expect(NameText("\u{301}a").flaw == .marks)
        #expect(NameText("a \u{301}").flaw == .marks)
    }

    @Test(arguments: [
        ("  Ana   Nova ", "Ana Nova"), ("Ana\u{A0}Nova", "Ana Nova"), ("山田\u{3000}太郎", "山田 太郎"),
        ("\u{2800}Ana\u{2800}\u{2003}Nova\n", "Ana Nova"), ("\t a", "a"),
    ])
    func blanksAreSingleSpaces(name: String, expected: String) {
        #expect(NameText(name).flaw == nil)
        #expect(NameText(name).text == expected)
    }

    @Test func whatIsWrongIsLeftOut() {
        #expect(NameText("\u{202E}A\u{200B}n\u{0}a\u{FEFF}").text == "Ana")
        #expect(NameText("\u{202E}").text == "")
    }
}
