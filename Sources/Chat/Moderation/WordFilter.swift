import Foundation

/// Decides what becomes of a text by the words in it. Pure; its patterns come from `moderation.blocked_words`.
///
/// A pattern is a word, or several that must follow each other, compared whole and without case. A `*` in a word stands
/// for any letters and digits, or none. Whatever is neither letter nor digit only separates words. There are no regular
/// expressions, so that no pattern and no text can keep the server busy: a wildcard costs one pass over the text, and
/// how many of them there are is limited by the database.
struct WordFilter: Sendable {
    enum Action: String, Sendable { case refuse, mask, report }

    struct Judgement: Sendable, Equatable {
        /// With asterisks for what is masked.
        var text: String
        var isRefused = false
        /// The patterns that moderators want to hear of.
        var reported: [String] = []
    }

    private struct Pattern {
        var name: String
        var words: [WordPattern]
        var action: Action
    }

    /// Patterns whose first word has no wildcard, by that word.
    private var exact: [String: [Pattern]] = [:]
    private var wild: [Pattern] = []

    init(_ patterns: [(pattern: String, action: Action)]) {
        for (name, action) in patterns {
            let words = Self.words(of: name, keepingWildcards: true).map { WordPattern($0.key) }
            let pattern = Pattern(name: name, words: words, action: action)
            switch words.first {
            case .exact(let word): exact[word, default: []].append(pattern)
            case .wild: wild.append(pattern)
            case nil: continue
            }
        }
    }

    func judge(_ text: String) -> Judgement {
        var judgement = Judgement(text: text)
        guard !exact.isEmpty || !wild.isEmpty else { return judgement }
        let words = Self.words(of: text)
        var masked: Set<Int> = []
        for start in words.indices {
            for pattern in (exact[words[start].key] ?? []) + wild where matches(pattern, words[start...]) {
                switch pattern.action {
                case .refuse: judgement.isRefused = true
                case .mask: masked.formUnion(start..<start + pattern.words.count)
                case .report: if !judgement.reported.contains(pattern.name) { judgement.reported.append(pattern.name) }
                }
            }
        }
        if !masked.isEmpty { judgement.text = Self.mask(masked.sorted().map { words[$0].range }, in: text) }
        return judgement
    }

    private func matches(_ pattern: Pattern, _ words: ArraySlice<Word>) -> Bool {
        words.count >= pattern.words.count && zip(pattern.words, words).allSatisfy { $0.matches($1.key) }
    }

    // MARK: Words

    private struct Word {
        var range: Range<String.Index>
        /// In lower case and composed form (Unicode NFC), so that equal words have equal bytes.
        var key: String
    }

    private static func words(of text: String, keepingWildcards: Bool = false) -> [Word] {
        text.split { !$0.isLetter && !$0.isNumber && !(keepingWildcards && $0 == "*") }.map { word in
            let key = word.lowercased()
            let isASCII = key.utf8.allSatisfy { $0 < 0x80 }
            return Word(
                range: word.startIndex..<word.endIndex, key: isASCII ? key : key.precomposedStringWithCanonicalMapping)
        }
    }

    private static func mask(_ ranges: [Range<String.Index>], in text: String) -> String {
        var masked = ""
        var position = text.startIndex
        for range in ranges {
            masked += text[position..<range.lowerBound]
            masked += String(repeating: "*", count: text[range].count)
            position = range.upperBound
        }
        return masked + text[position...]
    }
}

/// One word of a pattern.
private enum WordPattern: Sendable {
    case exact(String)
    /// What stands between the wildcards; the first and the last piece are the word's beginning and end.
    case wild(pieces: [[UInt8]])

    init(_ word: String) {
        let pieces = word.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
        self = pieces.count == 1 ? .exact(word) : .wild(pieces: pieces)
    }

    func matches(_ word: String) -> Bool {
        switch self {
        case .exact(let exact): return word == exact
        case .wild(let pieces):
            var rest = Array(word.utf8)[...]
            guard let first = pieces.first, let last = pieces.last, rest.starts(with: first) else { return false }
            rest = rest.dropFirst(first.count)
            // The leftmost place of each piece leaves the most for those behind it.
            for piece in pieces.dropFirst().dropLast() {
                guard let end = Self.end(of: piece, in: rest) else { return false }
                rest = rest[end...]
            }
            return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
        }
    }

    private static func end(of piece: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard let first = piece.first else { return bytes.startIndex }
        var start = bytes.startIndex
        while bytes.endIndex - start >= piece.count {
            if bytes[start] == first, bytes[start..<start + piece.count].elementsEqual(piece) {
                return start + piece.count
            }
            start += 1
        }
        return nil
    }
}
