/// The names that a text mentions, as `@name`, and whether it mentions everybody, as `@all`. Who they are, and whether the
/// sender may call all, is decided where the message is stored.
public struct MentionedNames: Sendable, Equatable {
    /// Further ones in one text mention nobody.
    package static let max = 50

    /// In lower case, each once, in the order of the text.
    public private(set) var names: [String] = []
    public private(set) var areAll = false

    package init(in text: String) {
        var previous: UInt8 = 0
        var bytes = text.utf8[...]
        while let start = bytes.firstIndex(of: UInt8(ascii: "@")) {
            if start > bytes.startIndex { previous = bytes[bytes.index(before: start)] }
            let end = bytes[bytes.index(after: start)...].firstIndex { !Self.isOfName($0) } ?? bytes.endIndex
            let name = text[text.utf8.index(after: start)..<end]
            // An address has something before the sign: `ana@example.org`.
            let isWhole = end == text.utf8.endIndex || !Self.isOfWord(text.utf8[end])
            if isWhole, !Self.isOfWord(previous) { add(name.lowercased()) }
            previous = name.utf8.last ?? UInt8(ascii: "@")
            bytes = bytes[end...]
        }
    }

    /// What ends a sentence may also end a name.
    private mutating func add(_ name: String) {
        let trimmed = String(name.reversed().drop { $0 == "." || $0 == "-" }.reversed())
        for name in trimmed == name ? [name] : [name, trimmed] {
            if name == "all" {
                areAll = true
            } else if (3...32).contains(name.utf8.count), names.count < Self.max, !names.contains(name) {
                names.append(name)
            }
        }
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        isOfWord(byte) && byte < 128 || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }

    /// Letters beyond ASCII are of words, too.
    private static func isOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 128...255:
            true
        default: false
        }
    }
}
