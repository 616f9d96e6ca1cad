import Testing

@testable import Media

@Suite struct PageTextTests {
    @Test(arguments: [
        ("  a \n\t b  ", "a b"), ("a\u{0}b\u{1B}[31mc", "ab[31mc"), ("\u{202E}evil\u{2066}", "evil"),
        ("\u{FEFF}x", "x"),
        ("a\u{2028}b\u{A0}c", "a b c"), ("👩‍👩‍👧 é", "👩‍👩‍👧 é"),
    ])
    func textIsOneHarmlessLine(text: String, shown: String) {
        #expect(PageText.shown(text, max: 100) == shown)
    }

    @Test func nothingToSeeIsNothing() {
        #expect(PageText.shown("", max: 10) == nil)
        #expect(PageText.shown(" \n\u{0}\u{202E}", max: 10) == nil)
    }

    @Test func whatIsTooLongIsCut() {
        #expect(PageText.shown(String(repeating: "a", count: 10), max: 10) == String(repeating: "a", count: 10))
        #expect(PageText.shown(String(repeating: "a", count: 11), max: 10) == String(repeating: "a", count: 9) + "…")
        #expect(PageText.shown("aaaa bbbb cccc", max: 6) == "aaaa…")
        // One character with a million marks.
        let marks = PageText.shown("a" + String(repeating: "\u{301}", count: 1_000_000), max: 10)
        #expect(marks.map { $0.unicodeScalars.count < 100 } == true)
    }
}
