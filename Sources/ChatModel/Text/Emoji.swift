/// One emoji, in the spelling that Unicode calls fully qualified: each has exactly one.
///
/// Which sequences are emoji is data (`EmojiList`), not grammar: that two letters are a country's flag, or that two
/// people hold hands in 25 pairs of tones, follows from nothing. The standard library's Unicode properties are those of
/// its own version, and know single code points only.
package enum Emoji {
    /// In bytes, in any spelling.
    private static let maxBytes = 64
    private static let selector: Unicode.Scalar = "\u{FE0F}"
    private static let tones: [Unicode.Scalar] = ["\u{1F3FB}", "\u{1F3FC}", "\u{1F3FD}", "\u{1F3FE}", "\u{1F3FF}"]

    /// Every emoji by its key.
    static let all: [String: String] = {
        let some = tones.map { [$0] }
        let pairs = tones.flatMap { first in tones.map { [first, $0] } }
        var all: [String: String] = [:]
        for (list, tones) in [
            (EmojiList.plain, [[]]), (EmojiList.oneTone, [[]] + some), (EmojiList.twoTones, [[]] + pairs),
            (EmojiList.differingTones, pairs.filter { $0[0] != $0[1] }),
        ] {
            for text in list.split(separator: " ") {
                for tones in tones {
                    let emoji = toned(text.unicodeScalars, tones)
                    all[key(of: emoji)] = emoji
                }
            }
        }
        return all
    }()

    /// The first tone stands behind the first person, in the place of a selector, and the second at the end.
    private static func toned(_ emoji: Substring.UnicodeScalarView, _ tones: [Unicode.Scalar]) -> String {
        var scalars = Array(emoji)
        if let first = tones.first {
            if scalars.count > 1, scalars[1] == selector { scalars.remove(at: 1) }
            scalars.insert(first, at: 1)
            scalars.append(contentsOf: tones.dropFirst())
        }
        return String(String.UnicodeScalarView(scalars))
    }

    /// The fully qualified spelling of an emoji. Its spellings differ by U+FE0F only, which a keyboard may put behind any
    /// emoji, even where Unicode does not list it.
    /// - Returns: nil for what is no emoji, or more than one.
    package static func canonical(_ text: String) -> String? {
        guard text.utf8.count <= maxBytes, let emoji = all[key(of: text)] else { return nil }
        return areSelectorsInPlace(text.unicodeScalars) ? emoji : nil
    }

    /// What all spellings of an emoji have in common: everything but the selectors.
    package static func key(of text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != selector }))
    }

    /// Whether each selector follows something that it can turn into an emoji.
    private static func areSelectorsInPlace(_ scalars: String.UnicodeScalarView) -> Bool {
        var last: Unicode.Scalar?
        return scalars.allSatisfy { scalar in
            defer { last = scalar }
            return scalar != selector || last.map { $0.properties.isEmoji && !isRegionalIndicator($0) } ?? false
        }
    }

    private static func isRegionalIndicator(_ scalar: Unicode.Scalar) -> Bool {
        (0x1F1E6...0x1F1FF).contains(scalar.value)
    }
}
