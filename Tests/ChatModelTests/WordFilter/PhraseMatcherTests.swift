import Testing

@testable import ChatModel

@Suite struct PhraseMatcherTests {
    /// The phrases that end with each word of a text.
    private func ends(_ phrases: [[Int]], in text: [[Int]]) -> [[Int]] {
        var matcher = PhraseMatcher()
        for (pattern, words) in phrases.enumerated() { matcher.add(words, pattern: pattern) }
        var progress = matcher.start
        return text.map { matcher.advance(&progress, matcher.places(of: $0)).sorted() }
    }

    @Test func aPhraseEndsWithItsLastWord() {
        #expect(ends([[1, 2, 3]], in: [[1], [2], [3], [3]]) == [[], [], [0], []])
        #expect(ends([[1, 2]], in: [[1], [9], [2]]) == [[], [], []], "another word in between")
        #expect(ends([[1, 2]], in: [[1], [1], [2]]) == [[], [], [0]], "it begins anew")
        #expect(ends([[1, 1]], in: [[1], [1], [1]]) == [[], [0], [0]], "phrases overlap")
    }

    @Test func aWordIsKnownByEveryPatternItMatches() {
        #expect(ends([[1, 2], [1, 3], [4]], in: [[1], [2, 3, 4]]) == [[], [0, 1, 2]])
    }

    /// Their places are in several words of 64 bits.
    @Test func longAndManyPhrasesAreFound() {
        let long = Array(0..<150)
        #expect(ends([long, [148, 149]], in: long.map { [$0] }).last == [0, 1])
        let many = (0..<100).map { [$0, $0 + 1] }
        #expect(ends(many, in: (0...100).map { [$0] }) == [[]] + (0..<100).map { [$0] })
    }

    @Test func withoutPhrasesNothingEnds() {
        let matcher = PhraseMatcher()
        var progress = matcher.start
        #expect(matcher.places(of: [1]) == nil)
        #expect(matcher.advance(&progress, nil) == [])
    }
}
