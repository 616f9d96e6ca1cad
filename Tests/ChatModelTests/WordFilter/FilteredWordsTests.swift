import Testing

@testable import ChatModel

@Suite struct FilteredWordsTests {
    private func keys(_ text: String, keepingWildcards: Bool = false) -> [String] {
        FilteredWords.split(text, keepingWildcards: keepingWildcards).map { String(decoding: $0.key, as: UTF8.self) }
    }

    @Test(arguments: [
        ("Buy it, NOW!", ["buy", "it", "now"]), ("", []), (" ,.!\n", []), ("a1-b_c", ["a1", "b", "c"]),
        ("GRÖẞE", ["größe"]), ("Gro\u{308}ße", ["größe"]), ("\u{301}a", ["a"]), ("北京 大学", ["北京", "大学"]), ("Ⅷ", ["ⅷ"]),
        ("a*b", ["a", "b"]),
    ])
    func aWordIsARunOfLettersAndDigits(text: String, words: [String]) {
        #expect(keys(text) == words)
    }

    @Test func aPatternKeepsItsWildcards() {
        #expect(keys("Sp*m *now * c++", keepingWildcards: true) == ["sp*m", "*now", "*", "c"])
    }

    @Test func aWordSaysWhereItStands() {
        let text = "é, größe!"
        let words = FilteredWords.split(text)
        #expect(words.map(\.range) == [0..<2, 4..<11])
    }

    /// Sorting a longer run would take time that grows with its square.
    @Test func ofManyMarksInARowThirtyCount() {
        let marks = String(repeating: "\u{301}", count: 40)
        let same = String(repeating: "\u{301}", count: 30)
        #expect(FilteredWords.split("x" + marks)[0].key == FilteredWords.split("x" + same)[0].key)
        #expect(FilteredWords.split("x" + marks)[0].range == 0..<81, "all of them are masked")
    }

    @Test func eachCharacterOfARangeIsMasked() {
        #expect(FilteredWords.mask([0..<2, 4..<11], in: "é, größe!") == "*, *****!")
        #expect(FilteredWords.mask([0..<4], in: "👍👍") == "*👍")
        #expect(FilteredWords.mask([], in: "abc") == "abc")
    }
}
