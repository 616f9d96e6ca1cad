/// Decides by the words of a text whether it is refused, masked or reported. Pure; the patterns come from
/// `moderation.blocked_words`.
///
/// A pattern is a word, or several words in a row. Words are compared whole and without case. A `*` stands for any
/// letters and digits, or none. Everything else separates words. There are no regular expressions. All patterns are
/// matched at once, and each different word of a text once, so the time grows with the sum of text and patterns and not
/// with their product.
package struct WordFilter: Sendable {
    package enum Action: String, Sendable { case refuse, mask, report }

    package struct Judgment: Sendable, Equatable {
        /// The text, with asterisks in place of masked words.
        package var text: String
        package var isRefused = false
        /// The patterns that are to be reported to the moderators.
        package var reported: [String] = []
    }

    private struct Pattern {
        var name: String
        var action: Action
        /// In words.
        var length: Int
    }

    private var patterns: [Pattern] = []
    /// Each different word of the patterns, and its number.
    private var exact: [[UInt8]: Int] = [:]
    private var wildcards = WildcardMatcher([])
    /// The patterns of one word, by the number of the word.
    private var single: [Int: [Int]] = [:]
    private var phrases = PhraseMatcher()

    package init(_ list: [(pattern: String, action: Action)]) {
        var numbers: [[UInt8]: Int] = [:]
        for (name, action) in list {
            let keys = FilteredWords.split(name, keepingWildcards: true).map(\.key)
            guard !keys.isEmpty else { continue }
            let sequence = keys.map { key in
                let number = numbers[key] ?? numbers.count
                numbers[key] = number
                return number
            }
            if sequence.count == 1 {
                single[sequence[0], default: []].append(patterns.count)
            } else {
                phrases.add(sequence, pattern: patterns.count)
            }
            patterns.append(Pattern(name: name, action: action, length: sequence.count))
        }
        let wildcard = UInt8(ascii: "*")
        exact = numbers.filter { !$0.key.contains(wildcard) }
        wildcards = WildcardMatcher(
            numbers.filter { $0.key.contains(wildcard) }.map { (key: $0.key, number: $0.value) })
    }

    package func judge(_ text: String) -> Judgment {
        var judgment = Judgment(text: text)
        guard !patterns.isEmpty else { return judgment }
        let words = FilteredWords.split(text)
        /// For each different word of the text, the patterns that it matches by itself, and its places in phrases.
        var known: [[UInt8]: (patterns: [Int], places: PhraseMatcher.Places?)] = [:]
        var progress = phrases.start
        var reported: Set<Int> = []
        /// For the last word of a masked passage, how many words the longest such passage has.
        var masked = [Int](repeating: 0, count: words.count)
        for (position, word) in words.enumerated() {
            let meaning = known[word.key] ?? self.meaning(of: word.key)
            known[word.key] = meaning
            for pattern in meaning.patterns + phrases.advance(&progress, meaning.places) {
                switch patterns[pattern].action {
                case .refuse: judgment.isRefused = true
                case .mask: masked[position] = max(masked[position], patterns[pattern].length)
                case .report: reported.insert(pattern)
                }
            }
        }
        judgment.reported = reported.sorted().map { patterns[$0].name }
        let ranges = Self.masked(words, masked)
        if !ranges.isEmpty { judgment.text = FilteredWords.mask(ranges, in: text) }
        return judgment
    }

    private func meaning(of word: [UInt8]) -> (patterns: [Int], places: PhraseMatcher.Places?) {
        var numbers = wildcards.matches(word)
        if let number = exact[word] { numbers.append(number) }
        return (numbers.flatMap { single[$0] ?? [] }, phrases.places(of: numbers))
    }

    /// The words of all masked passages. Goes from back to front: the longest passage that reaches a word decides.
    private static func masked(_ words: [FilteredWords.Word], _ lengths: [Int]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var remaining = 0
        for position in words.indices.reversed() {
            remaining = max(remaining - 1, lengths[position])
            if remaining > 0 { ranges.append(words[position].range) }
        }
        return ranges.reversed()
    }
}
