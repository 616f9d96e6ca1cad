import Testing

@testable import ChatModel

@Suite struct WildcardMatcherTests {
    private func matches(_ word: String, _ patterns: String...) -> [Int] {
        WildcardMatcher(patterns.enumerated().map { (key: Array($0.element.utf8), number: $0.offset) })
            .matches(Array(word.utf8)).sorted()
    }

    @Test func aPatternMatchesTheWholeWord() {
        #expect(matches("spammer", "spam*", "*spam", "*spam*", "s*r", "*") == [0, 2, 3, 4])
        #expect(matches("", "*", "a*", "*a") == [0])
    }

    /// What a word begins with and what it ends with do not overlap, nor do the pieces between.
    @Test func noLetterIsUsedTwice() {
        #expect(matches("aba", "aba*aba", "ab*ba", "a*a") == [2])
        #expect(matches("abab", "*ab*ab*", "*aba*bab*", "*ba*") == [0, 2])
        #expect(matches("aaa", "*aa*aa*", "*a*a*a*", "a*a*a*a") == [1])
    }

    @Test func eachPieceIsTakenAtItsFirstPlace() {
        #expect(matches("xaybyc", "*a*b*c", "*b*a*", "x*y*c") == [0, 2])
        #expect(matches("aab", "*ab*", "*aab*", "*b*a*") == [0, 1])
    }

    @Test func patternsThatShareTheirBeginningAreToldApart() {
        #expect(matches("prefix-middle-end", "pre*mid*end", "pre*mid*", "pre*mid*x", "pre*end") == [0, 1, 3])
    }

    @Test func withoutPatternsNothingMatches() {
        #expect(matches("anything") == [])
    }
}
