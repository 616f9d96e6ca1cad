/// What somebody searches for, cut into its terms: words, `"a phrase"`, `-without`, and `or` between alternatives.
///
/// What a word is, and which words are the same, says the database (migration 0025), which cuts the stored texts, too.
package struct SearchQuery: Sendable, Equatable {
    package struct Term: Sendable, Equatable {
        package var text: String
        /// Whether a message with it is not wanted.
        package var isExcluded = false
        /// Whether its last word is the beginning of one: somebody may still be typing it.
        package var isPrefix = false

        package init(_ text: String, isExcluded: Bool = false, isPrefix: Bool = false) {
            self.text = text
            self.isExcluded = isExcluded
            self.isPrefix = isPrefix
        }
    }

    /// A message has to match one of them, which is: all terms of it. Each has at least one.
    package private(set) var alternatives: [[Term]] = []

    package init(_ text: String) {
        var rest = Substring(text).unicodeScalars
        var alternative: [Term] = []
        while true {
            rest = rest.drop { $0.properties.isWhitespace }
            if rest.isEmpty { break }
            let isExcluded = Self.takeMinus(from: &rest)
            if let first = rest.first, Self.quotes.contains(first) {
                let phrase = rest.dropFirst().prefix { !Self.quotes.contains($0) }
                rest = rest[phrase.endIndex...]
                let isClosed = rest.popFirst() != nil
                alternative.append(
                    Term(String(phrase), isExcluded: isExcluded, isPrefix: !isClosed && !isExcluded))
                continue
            }
            let word = rest.prefix { !$0.properties.isWhitespace }
            rest = rest[word.endIndex...]
            let isLast = rest.allSatisfy(\.properties.isWhitespace)
            if !isExcluded, !isLast, !alternative.isEmpty, String(word).lowercased() == "or" {
                alternatives.append(alternative)
                alternative = []
            } else {
                alternative.append(Term(String(word), isExcluded: isExcluded, isPrefix: isLast && !isExcluded))
            }
        }
        if !alternative.isEmpty { alternatives.append(alternative) }
    }

    /// Keyboards of telephones make their own quotation marks.
    private static let quotes: Set<Unicode.Scalar> = ["\"", "“", "”", "„", "＂"]

    /// A minus excludes what it is written before. In `--help`, `->` and `- a` it is punctuation.
    private static func takeMinus(from rest: inout Substring.UnicodeScalarView) -> Bool {
        guard rest.first == "-", let next = rest.dropFirst().first, !next.properties.isWhitespace,
            !["-", ">", "="].contains(next)
        else { return false }
        rest.removeFirst()
        return true
    }
}
