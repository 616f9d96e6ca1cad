import Glibc
import Testing

@testable import ChatModel

@Suite struct WordFilterTests {
    private func judge(_ text: String, _ patterns: (String, WordFilter.Action)...) -> WordFilter.Judgment {
        WordFilter(patterns.map { (pattern: $0.0, action: $0.1) }).judge(text)
    }

    @Test(arguments: [
        ("spam", "spam", true), ("spam", "SPAM!", true), ("spam", "(spam)", true), ("spam", "spammer", false),
        ("spam", "spam1", false), ("spam", "s pam", false), ("SPAM", "spam", true),
        ("buy now", "Buy, now", true), ("buy now", "buy it now", false), ("buy now", "now buy", false),
        ("buy now", "buy", false), ("buy n*", "please buy nothing", true),
        ("spam*", "spammer", true), ("spam*", "spam", true), ("*spam", "antispam", true), ("*spam", "spams", false),
        ("*spam*", "antispammer", true), ("s*m", "sm", true), ("s*m", "spam", true), ("s*m", "spams", false),
        ("a*a", "a", false), ("a*b*c", "aXbXbXc", true), ("a*b*c", "acb", false), ("a**c", "abc", true),
        ("größe", "GRÖẞE", true), ("größe", "GRÖSSE", false),
        ("größe", "Gro\u{308}ße", true), ("grö*", "Gro\u{308}ße", true),
        ("привет", "ПРИВЕТ", true), ("c++", "c", true),
    ])
    func words(pattern: String, text: String, matches: Bool) {
        #expect(judge(text, (pattern, .refuse)).isRefused == matches)
        #expect(judge(text, (pattern, .refuse)).text == text)
    }

    @Test func asterisksTakeThePlaceOfEveryMaskedWord() {
        let judgment = judge("Buy it, buy  NOW: café! buy", ("buy now", .mask), ("caf*", .mask))
        #expect(judgment == WordFilter.Judgment(text: "Buy it, ***  ***: ****! buy"))
    }

    @Test func everythingThatMatchesCounts() {
        let judgment = judge("one two one", ("one", .report), ("two", .mask), ("t*", .report))
        #expect(judgment == WordFilter.Judgment(text: "one *** one", reported: ["one", "t*"]))
    }

    @Test func patternsWithoutAWordMatchNothing() {
        let judgment = judge("++ anything", ("++", .refuse), (" ", .refuse), ("", .refuse))
        #expect(judgment == WordFilter.Judgment(text: "++ anything"))
    }

    @Test func noPatternsChangeNothing() {
        #expect(judge("anything") == WordFilter.Judgment(text: "anything"))
    }

    @Test func overlappingPhrasesAreMaskedTogether() {
        let judgment = judge("a b c d e", ("b c", .mask), ("c d", .mask), ("c", .mask))
        #expect(judgment == WordFilter.Judgment(text: "a * * * e"))
    }

    // MARK: Cost

    /// What the rule says, tried pattern by pattern and place by place.
    private func isRefusedSlowly(_ text: String, _ patterns: [String]) -> Bool {
        func matches(_ pattern: Substring, _ word: Substring) -> Bool {
            guard let first = pattern.first else { return word.isEmpty }
            if first == "*" {
                return word.indices.contains { matches(pattern.dropFirst(), word[$0...]) }
                    || matches(pattern.dropFirst(), "")
            }
            return first == word.first && matches(pattern.dropFirst(), word.dropFirst())
        }
        let words = text.split(separator: " ")
        return patterns.contains { pattern in
            let wanted = pattern.split(separator: " ")
            return words.indices.contains { start in
                words.count - start >= wanted.count && zip(wanted, words[start...]).allSatisfy { matches($0, $1) }
            }
        }
    }

    @Test func findsWhatTryingEachPatternFinds() {
        var random = SystemRandomNumberGenerator()
        var refused = 0
        for _ in 0..<1500 {
            func make(_ letters: String, _ lengths: ClosedRange<Int>) -> String {
                String(
                    (0..<Int.random(in: lengths, using: &random)).map { _ in letters.randomElement(using: &random)! })
            }
            let patterns = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                (0..<Int.random(in: 1...3, using: &random)).map { _ in make("ab*", 1...5) }.joined(separator: " ")
            }.filter { $0.contains { $0 != "*" && $0 != " " } }
            let text = (0..<Int.random(in: 0...5, using: &random)).map { _ in make("ab", 1...6) }.joined(separator: " ")
            let expected = isRefusedSlowly(text, patterns)
            let filter = WordFilter(patterns.map { (pattern: $0, action: .refuse) })
            #expect(filter.judge(text).isRefused == expected, "\(patterns) in \(text)")
            refused += expected ? 1 : 0
        }
        #expect((150...1350).contains(refused), "the random texts test both answers")
    }

    /// The longest text four times as long costs about four times as much, whatever it and 200 patterns are made of.
    @Test(arguments: Hostile.allCases) fileprivate func timeGrowsWithTheText(_ hostile: Hostile) {
        let (patterns, unit) = hostile.input
        let filter = WordFilter(patterns.map { (pattern: $0, action: .mask) })
        func cost(_ length: Int) -> Double {
            let text = String(String(repeating: unit, count: length / unit.unicodeScalars.count))
            return (0..<3).map { _ in ProcessorTime.of { _ = filter.judge(text) } }.min() ?? 0
        }
        _ = cost(1000)
        let short = cost(8000)
        let long = cost(32_000)
        #expect(long < 9 * short, "\(short) s, then \(long) s")
    }
}

/// Texts and patterns that cost much where each pattern is tried at each place.
private enum Hostile: CaseIterable {
    case oneLongWord, piecesWithinPieces, almost, manyWords, onePhrase, phrasesOfAnything, marks, onlyMarks

    /// The patterns, and what the text repeats.
    var input: ([String], String) {
        func patterns(_ count: Int, _ make: (Int) -> String) -> [String] { (1...count).map(make) }
        func times(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
        return switch self {
        case .oneLongWord: (patterns(200) { "*a" + times("*a", $0 % 49) + "b" }, "a")
        case .piecesWithinPieces: (patterns(98) { "*" + times("a", $0) + "*b" }, "a")
        case .almost: (patterns(200) { "*" + times("a", 40) + "b\($0)*" }, "a")
        case .manyWords: (patterns(200) { "a\($0) *" }, "a1 a2 a3 b4 c5 ")
        case .onePhrase: (patterns(200) { times("a ", 49) + "\($0)" }, "a ")
        case .phrasesOfAnything: (patterns(200) { times("a* ", 33) + "b\($0)" }, "aa ab ac ")
        case .marks: (["spam*"], "a" + times("\u{0301}\u{0323}", 2000))
        case .onlyMarks: (["spam*"], "\u{0301}\u{0323}")
        }
    }
}

/// How much of the processor this thread uses.
private enum ProcessorTime {
    static func of(_ body: () -> Void) -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        let start = now()
        body()
        return now() - start
    }
}
