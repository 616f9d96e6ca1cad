/// Which characters a name may have that people choose: of a person, a group or a file. The same rule stands in the
/// database (`is_name`), for names that are written in SQL.
///
/// Names stand beside each other's, in lists and sentences. So one can be seen, and does nothing to the text around it:
///
/// - no control characters, line or paragraph separators, nor what turns the direction of the text (UAX #9);
/// - nothing invisible, which would make two names look the same: what Unicode ignores by default (zero-width
///   characters, fillers, tags), other blank symbols, code points for private use and noncharacters. Joiners and
///   variation selectors may stand where a script or an emoji needs them;
/// - at most `maxMarks` marks on one character. More are piled up by nobody's orthography: Hebrew with vowels and
///   cantillation has five, Tibetan and Thai fewer;
/// - every run of blanks is one space, and there are none at the ends.
package struct NameText {
    package static let maxMarks = 5

    /// What is wrong with a name.
    package enum Flaw: Equatable {
        case invisible
        case marks
        /// There is nothing to be seen.
        case empty
    }

    /// The name without what is wrong with it.
    package private(set) var scalars = String.UnicodeScalarView()
    /// The first thing that is wrong with it.
    package private(set) var flaw: Flaw?

    private var last: Unicode.Scalar?
    /// On the last character.
    private var marks = 0
    private var isBlankPending = false
    private var hasVisible = false

    /// Takes time that grows with the length of `text` only.
    package init(_ text: some StringProtocol) {
        // White space at the ends is left out, line breaks included.
        let trimmed = text.unicodeScalars.drop(while: \.properties.isWhitespace)
        let end = trimmed.lastIndex { !$0.properties.isWhitespace }.map { trimmed.index(after: $0) }
        let characters = String(String.UnicodeScalarView(trimmed[..<(end ?? trimmed.startIndex)]))
        for (index, character) in zip(characters.indices, characters) {
            if !character.isASCII, Emoji.canonical(String(character)) != nil {
                appendEmoji(character)
                continue
            }
            let next = characters.index(after: index)
            append(character, before: next < characters.endIndex ? characters[next].unicodeScalars.first : nil)
        }
        if isEmpty { flaw = flaw ?? .empty }
    }

    /// Whether there is nothing to be seen.
    package var isEmpty: Bool { !hasVisible }

    package var text: String { String(scalars) }

    private mutating func appendEmoji(_ emoji: Character) {
        flushBlank()
        scalars.append(contentsOf: emoji.unicodeScalars)
        last = emoji.unicodeScalars.last
        marks = 0
        hasVisible = true
    }

    private mutating func append(_ character: Character, before following: Unicode.Scalar?) {
        let all = character.unicodeScalars
        for index in all.indices {
            let next = all.index(after: index)
            append(all[index], before: next < all.endIndex ? all[next] : following)
        }
    }

    private mutating func append(_ scalar: Unicode.Scalar, before next: Unicode.Scalar?) {
        switch scalar.partOfName {
        case .blank:
            isBlankPending = !scalars.isEmpty
            return
        case .mark where scalars.isEmpty || isBlankPending:
            // It would sit on what stands before the name, or on nothing.
            flaw = flaw ?? .marks
            return
        case .mark:
            if scalar.properties.generalCategory != .spacingMark { marks += 1 }
            guard marks <= Self.maxMarks else {
                flaw = flaw ?? .marks
                return
            }
        case .visible:
            marks = 0
            hasVisible = true
        case .joiner where scalar.joins(isBlankPending ? nil : last, next): break
        case .selector where scalar.selects(isBlankPending ? nil : last): break
        case .joiner, .selector, .refused:
            flaw = flaw ?? .invisible
            return
        }
        flushBlank()
        scalars.append(scalar)
        last = scalar
    }

    private mutating func flushBlank() {
        guard isBlankPending else { return }
        scalars.append(" ")
        last = " "
        isBlankPending = false
        marks = 0
    }
}

extension Unicode.Scalar {
    fileprivate enum PartOfName { case visible, mark, blank, joiner, selector, refused }

    fileprivate var partOfName: PartOfName {
        switch value {
        case 0x200C, 0x200D: return .joiner
        case 0xFE00...0xFE0F, 0xE0100...0xE01EF, 0x180B...0x180D, 0x180F: return .selector
        // The blank of braille.
        case 0x2800: return .blank
        // Blanks and fillers that Unicode does not ignore: of hieroglyphs, musical notation, Khitan and Brahmi, and what
        // stands for an object or an annotation.
        case 0x13430...0x13442, 0x1D159, 0x16FE4, 0x1107F, 0xFFF9...0xFFFC: return .refused
        default: break
        }
        if properties.isDefaultIgnorableCodePoint || properties.isNoncharacterCodePoint { return .refused }
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: return .refused
        case .spaceSeparator: return .blank
        case .nonspacingMark, .enclosingMark, .spacingMark: return .mark
        // The signs of Arabic and Kaithi that stand around numbers are visible.
        case .format: return Self.signs.contains(value) ? .visible : .refused
        // A letter or an emoji that is younger than the standard library's Unicode is unassigned.
        default: return .visible
        }
    }

    private static let signs: Set<UInt32> = [
        0x600, 0x601, 0x602, 0x603, 0x604, 0x605, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD,
    ]

    /// Whether a joiner has something to do between these two: letters of a script that joins them, or parts of an emoji.
    fileprivate func joins(_ last: Unicode.Scalar?, _ next: Unicode.Scalar?) -> Bool {
        guard let last, let next else { return false }
        if last.isJoined, next.isJoined { return true }
        return value == 0x200D && (last.isPicture || last.value == 0xFE0F) && next.isPicture
    }

    /// Whether it is a letter or a mark of a script that is written with joiners: Arabic and its relatives, and the
    /// scripts of India and South East Asia.
    private var isJoined: Bool {
        switch value {
        case 0x600...0xDFF, 0xF00...0x109F, 0x1780...0x18AF, 0x1900...0x1CFF, 0xA800...0xAADF, 0xABC0...0xABFF,
            0x10A00...0x10FFF, 0x11000...0x11FFF, 0x1E900...0x1E95F:
            properties.isAlphabetic || partOfName == .mark
        default: false
        }
    }

    private var isPicture: Bool { value > 0xFF && properties.isEmoji }

    /// Whether a variation selector has something to do behind `last`.
    fileprivate func selects(_ last: Unicode.Scalar?) -> Bool {
        guard let last else { return false }
        switch value {
        case 0xFE0E, 0xFE0F: return last.properties.isEmoji
        case 0x180B...0x180F: return (0x1820...0x18AA).contains(last.value)
        // People's names in China and Japan are written with one form of an ideograph and not with the other.
        default:
            return last.properties.isIdeographic
                || value == 0xFE00 && (last.value >> 8 == 0x10 || (0xA840...0xA87F).contains(last.value))
        }
    }
}
