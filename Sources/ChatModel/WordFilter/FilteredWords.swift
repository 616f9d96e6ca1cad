import Foundation

/// The words of a text as the word filter compares them.
package enum FilteredWords {
    package struct Word: Sendable, Equatable {
        /// Where the word stands in the text, in UTF-8 bytes.
        package var range: Range<Int>
        /// The UTF-8 of its lower case in composed form (Unicode NFC), so that equal words have equal bytes.
        package var key: [UInt8]
    }

    /// Splits a text into words. A word is a run of letters and digits with their marks. The time is linear in the text.
    /// - Parameter keepingWildcards: counts `*` as a letter, for patterns.
    package static func split(_ text: String, keepingWildcards: Bool = false) -> [Word] {
        var words: [Word] = []
        var word = Builder()
        var offset = 0
        for scalar in text.unicodeScalars {
            if isLetter(scalar) || (keepingWildcards && scalar == "*") || (!word.isEmpty && isMark(scalar)) {
                word.append(scalar, at: offset)
            } else if !word.isEmpty {
                words.append(word.finish(at: offset))
            }
            offset += UTF8.width(scalar)
        }
        if !word.isEmpty { words.append(word.finish(at: offset)) }
        return words
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return isASCIILetter(UInt8(truncatingIfNeeded: scalar.value)) }
        let properties = scalar.properties
        return properties.isAlphabetic || properties.numericType != nil
    }

    private static func isASCIILetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.isASCII && scalar.properties.isGraphemeExtend
    }

    private struct Builder {
        /// Unicode's stream-safe format keeps at most this many combining marks in a row (UAX #15, section 13).
        /// Sorting a longer run takes time that grows with its square.
        private static let maxMarks = 30

        private var start = 0
        /// The word as long as it is ASCII, in lower case.
        private var ascii: [UInt8] = []
        /// The word once it is not.
        private var scalars: String.UnicodeScalarView?
        private var marks = 0

        var isEmpty: Bool { ascii.isEmpty && scalars == nil }

        mutating func append(_ scalar: Unicode.Scalar, at offset: Int) {
            if isEmpty { start = offset }
            if scalar.isASCII || scalar.properties.canonicalCombiningClass == .notReordered {
                marks = 0
            } else {
                marks += 1
                if marks > Self.maxMarks { return }
            }
            if scalars == nil, scalar.isASCII {
                let byte = UInt8(truncatingIfNeeded: scalar.value)
                let isCapital = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                ascii.append(isCapital ? byte | 0x20 : byte)
            } else {
                scalars = scalars ?? String(decoding: ascii, as: UTF8.self).unicodeScalars
                scalars?.append(scalar)
            }
        }

        mutating func finish(at end: Int) -> Word {
            defer { self = Builder() }
            guard let scalars else { return Word(range: start..<end, key: ascii) }
            let key = String(scalars).lowercased().precomposedStringWithCanonicalMapping
            return Word(range: start..<end, key: Array(key.utf8))
        }
    }

    /// The text with as many asterisks as characters in place of each range, which are ascending and apart.
    package static func mask(_ ranges: [Range<Int>], in text: String) -> String {
        let utf8 = text.utf8
        var masked = ""
        var position = utf8.startIndex
        var offset = 0
        for range in ranges {
            let lower = utf8.index(position, offsetBy: range.lowerBound - offset)
            let upper = utf8.index(lower, offsetBy: range.count)
            masked += text[position..<lower]
            masked += String(repeating: "*", count: text[lower..<upper].count)
            position = upper
            offset = range.upperBound
        }
        return masked + text[position...]
    }
}
