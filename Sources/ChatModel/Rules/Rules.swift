/// What a valid name, text or list is. Each rule stands here once; the database repeats them as constraints.
///
/// A character is a Unicode code point, as PostgreSQL's `char_length` counts them. The bytes of a text are checked before
/// anything else: normalizing, comparing or hashing a string takes time that grows with the square of the combining marks
/// in a row.
package enum Rules {
    package static func username(_ raw: String) throws(ChatError) -> String {
        let allowed =
            raw.utf8.count <= 32
            && raw.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
            }
        guard allowed, raw.utf8.count >= 3 else {
            throw .invalid("username", "3 to 32 characters of a-z, 0-9, _ . -")
        }
        return raw.lowercased()
    }

    /// Checks a new password.
    /// - Parameter names: The user's own names, which are too easy to guess.
    package static func password(
        _ password: String, field: String = "password", names: [String] = []
    ) throws(ChatError) {
        guard fits(password, 256), password.unicodeScalars.count >= 8 else {
            throw .invalid(field, "8 to 256 characters")
        }
        guard !CommonPasswords.contains(password), !CommonPasswords.isName(password, of: names) else {
            throw .invalid(field, "too easy to guess")
        }
    }

    /// Checks a password that is to be compared. No account has a longer one; a shorter one is merely wrong.
    package static func passwordGuess(_ password: String, field: String = "password") throws(ChatError) {
        guard fits(password, 256) else { throw .invalid(field, "up to 256 characters") }
    }

    package static func displayName(_ raw: String) throws(ChatError) -> String {
        try line(raw, field: "displayName", length: 1...64)
    }

    /// An empty text removes it.
    package static func about(_ raw: String) throws(ChatError) -> String? {
        guard let about = trimmed(raw, 500) else { throw .invalid("about", "up to 500 characters") }
        try refuseNUL(about, field: "about")
        return about.isEmpty ? nil : about
    }

    package static func title(_ raw: String) throws(ChatError) -> String {
        try line(raw, field: "title", length: 1...80)
    }

    /// Checks the part of a name that somebody searches for.
    package static func nameQuery(_ query: String) throws(ChatError) {
        guard fits(query, 100), !query.utf8.contains(0) else { throw .invalid("query", "up to 100 characters") }
    }

    /// Checks what somebody searches messages for. A pasted link is longer than what anybody types.
    package static func search(_ text: String) throws(ChatError) {
        guard !text.isEmpty, fits(text, 500), !text.utf8.contains(0) else { throw .invalid("q", "1 to 500 characters") }
    }

    package static func reason(_ raw: String) throws(ChatError) -> String {
        guard let reason = trimmed(raw, 1000), !reason.isEmpty else {
            throw .invalid("reason", "1 to 1,000 characters")
        }
        try refuseNUL(reason, field: "reason")
        return reason
    }

    /// Checks that it is one emoji, as a keyboard's emoji panel produces it.
    package static func emoji(_ emoji: String) throws(ChatError) {
        let scalars = emoji.unicodeScalars
        guard emoji.utf8.count <= 64, emoji.count == 1,
            scalars.contains(where: { $0.properties.isEmojiPresentation || $0.value == 0xFE0F || $0.value == 0x20E3 })
                || scalars.first?.properties.isEmoji == true && (scalars.first?.value ?? 0) > 0xFF
        else { throw .invalid("emoji", "one emoji") }
    }

    package static func text(_ text: String, hasAttachments: Bool) throws(ChatError) {
        guard fits(text, 8000) else { throw .invalid("text", "up to 8,000 characters") }
        guard !text.isEmpty || hasAttachments else {
            throw .invalid("text", "1 to 8,000 characters, or empty with at least one attachment")
        }
        try refuseNUL(text, field: "text")
    }

    /// Names no word, so that nobody learns the list by trying.
    package static let blockedText = ChatError.invalid("text", "contains something that may not be sent here")

    package static func clientID(_ clientID: String) throws(ChatError) {
        guard !clientID.isEmpty, fits(clientID, 64) else { throw .invalid("clientId", "1 to 64 characters") }
        try refuseNUL(clientID, field: "clientId")
    }

    package static func attachments(_ ids: [UploadID]) throws(ChatError) {
        guard ids.count <= 10 else { throw .invalid("attachments", "at most 10") }
        guard Set(ids).count == ids.count else { throw .invalid("attachments", "each upload once") }
    }

    /// One line of text without control characters; white space around it is removed.
    private static func line(_ raw: String, field: String, length: ClosedRange<Int>) throws(ChatError) -> String {
        guard let line = trimmed(raw, length.upperBound), length.contains(line.unicodeScalars.count) else {
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

    /// Whether `text` has at most so many characters, of which each is at most four bytes.
    package static func fits(_ text: String, _ maximum: Int) -> Bool {
        text.utf8.count <= 4 * maximum && text.unicodeScalars.count <= maximum
    }

    /// Without its outer white space; nil for what is longer than `maximum`, or cannot but be.
    private static func trimmed(_ text: String, _ maximum: Int) -> String? {
        guard text.utf8.count <= 4 * maximum else { return nil }
        let isSpace = { (scalar: Unicode.Scalar) in scalar.properties.isWhitespace }
        let scalars = text.unicodeScalars.drop(while: isSpace)
        guard let last = scalars.lastIndex(where: { !isSpace($0) }) else { return "" }
        let trimmed = String(String.UnicodeScalarView(scalars[...last]))
        return trimmed.unicodeScalars.count <= maximum ? trimmed : nil
    }
}
