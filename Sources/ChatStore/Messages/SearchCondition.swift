import ChatModel

/// A search as PostgreSQL's `tsquery`: the whole of it, and the parts of it that say by which way its matches are found
/// in the least time.
package struct SearchCondition: Sendable, Equatable {
    /// A word as the database cuts it.
    struct Word: Sendable, Equatable {
        var text: String
        /// Whether it is the beginning of a word.
        var begins: Bool
    }

    /// What a message has to match.
    let wanted: String
    /// What all matches match and an index answers at once: only whole words, of which each alternative has one; nil
    /// where one has none.
    let whole: String?
    /// The beginnings of words, any of them; nil without one. An index has to collect all words that begin so.
    let beginnings: String?

    /// - Parameter words: The words of each term of each alternative.
    /// - Returns: Nil if there is no word to look for, or an alternative only excludes words: then every message would have
    ///   to be read.
    init?(_ query: SearchQuery, words: [[[Word]]]) {
        var wanted: [String] = []
        var whole: [String]? = []
        var beginnings: [String] = []
        for (terms, words) in zip(query.alternatives, words) {
            let cut = zip(terms, words).filter { !$1.isEmpty }
            if cut.isEmpty { continue }
            let included = cut.filter { !$0.0.isExcluded }.flatMap(\.1)
            guard !included.isEmpty else { return nil }
            wanted.append(
                cut.map { term, words in
                    (term.isExcluded ? "!" : "") + "(" + words.map(Self.quoted).joined(separator: " <-> ") + ")"
                }.joined(separator: " & "))
            let exact = included.filter { !$0.begins }.map(Self.quoted)
            if exact.isEmpty { whole = nil } else { whole?.append(exact.joined(separator: " & ")) }
            beginnings += included.filter(\.begins).map(Self.quoted)
        }
        guard !wanted.isEmpty else { return nil }
        self.wanted = wanted.joined(separator: " | ")
        self.whole = whole?.joined(separator: " | ")
        self.beginnings = beginnings.isEmpty ? nil : beginnings.joined(separator: " | ")
    }

    private static func quoted(_ word: Word) -> String {
        "'" + word.text.replacing("\\", with: "\\\\").replacing("'", with: "''") + (word.begins ? "':*" : "'")
    }
}
