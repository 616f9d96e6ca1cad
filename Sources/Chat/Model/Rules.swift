/// What a valid name, text or list is: each rule once. The database repeats them as constraints.
///
/// A character is a Unicode code point, as PostgreSQL's `char_length` counts.
enum Rules {
    static func username(_ raw: String) throws(ChatError) -> String {
        let name = raw.lowercased()
        let allowed = name.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
        }
        guard allowed, (3...32).contains(name.utf8.count) else {
            throw .invalid("username", "3 to 32 characters of a-z, 0-9, _ . -")
        }
        return name
    }

    static func password(_ password: String, field: String = "password", username: String? = nil) throws(ChatError) {
        guard (8...256).contains(password.unicodeScalars.count) else { throw .invalid(field, "8 to 256 characters") }
        guard !CommonPasswords.contains(password), password.lowercased() != username else {
            throw .invalid(field, "too easy to guess")
        }
    }

    static func displayName(_ raw: String) throws(ChatError) -> String {
        try line(raw, field: "displayName", length: 1...64)
    }

    /// An empty text means none.
    static func about(_ raw: String) throws(ChatError) -> String? {
        let about = trimmed(raw)
        guard about.unicodeScalars.count <= 500 else { throw .invalid("about", "up to 500 characters") }
        try refuseNUL(about, field: "about")
        return about.isEmpty ? nil : about
    }

    static func title(_ raw: String) throws(ChatError) -> String { try line(raw, field: "title", length: 1...80) }

    static func reason(_ raw: String) throws(ChatError) -> String {
        let reason = trimmed(raw)
        guard (1...1000).contains(reason.unicodeScalars.count) else {
            throw .invalid("reason", "1 to 1,000 characters")
        }
        try refuseNUL(reason, field: "reason")
        return reason
    }

    /// An emoji, not a word: something a keyboard's emoji panel produces.
    static func emoji(_ emoji: String) throws(ChatError) {
        let scalars = emoji.unicodeScalars
        guard emoji.count == 1, emoji.utf8.count <= 64,
            scalars.contains(where: { $0.properties.isEmojiPresentation || $0.value == 0xFE0F || $0.value == 0x20E3 })
                || scalars.first?.properties.isEmoji == true && (scalars.first?.value ?? 0) > 0xFF
        else { throw .invalid("emoji", "one emoji") }
    }

    static func text(_ text: String, hasAttachments: Bool) throws(ChatError) {
        let length = text.unicodeScalars.count
        guard length <= 8000 else { throw .invalid("text", "up to 8,000 characters") }
        guard length > 0 || hasAttachments else {
            throw .invalid("text", "1 to 8,000 characters, or empty with at least one attachment")
        }
        try refuseNUL(text, field: "text")
    }

    /// Names no word: whoever tries again should not learn the list.
    static let blockedText = ChatError.invalid("text", "contains something that may not be sent here")

    static func clientID(_ clientID: String) throws(ChatError) {
        guard (1...64).contains(clientID.unicodeScalars.count) else { throw .invalid("clientId", "1 to 64 characters") }
        try refuseNUL(clientID, field: "clientId")
    }

    static func attachments(_ ids: [UploadID]) throws(ChatError) {
        guard ids.count <= 10 else { throw .invalid("attachments", "at most 10") }
        guard Set(ids).count == ids.count else { throw .invalid("attachments", "each upload once") }
    }

    /// One line of text, its outer white space removed, without control characters.
    private static func line(_ raw: String, field: String, length: ClosedRange<Int>) throws(ChatError) -> String {
        let line = trimmed(raw)
        guard length.contains(line.unicodeScalars.count) else {
            throw .invalid(field, "\(length.lowerBound) to \(length.upperBound) characters")
        }
        guard !line.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw .invalid(field, "no control characters")
        }
        return line
    }

    /// PostgreSQL's `text` cannot hold U+0000.
    private static func refuseNUL(_ text: String, field: String) throws(ChatError) {
        guard !text.utf8.contains(0) else { throw .invalid(field, "no NUL characters") }
    }

    private static func trimmed(_ text: String) -> String {
        let isSpace = { (scalar: Unicode.Scalar) in scalar.properties.isWhitespace }
        let scalars = text.unicodeScalars.drop(while: isSpace)
        guard let last = scalars.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(String.UnicodeScalarView(scalars[...last]))
    }
}
