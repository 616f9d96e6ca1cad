import Foundation

/// What a valid name, text or list is. Each rule stands here once; the database repeats them as constraints.
///
/// A character is a Unicode code point, as PostgreSQL's `char_length` counts them. The bytes of a text are checked before
/// anything else: normalizing, comparing or hashing a string takes time that grows with the square of the combining marks
/// in a row.
package enum Rules {
    /// The one form of a user name: a keyboard that writes `Ａｌｉｃｅ` in full width means alice (Unicode NFKC, lower case).
    package static func username(_ raw: String) throws(ChatError) -> String {
        let name = fits(raw, 32) ? raw.precomposedStringWithCompatibilityMapping.lowercased() : ""
        let isAllowed = name.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
        }
        guard isAllowed, (3...32).contains(name.utf8.count) else {
            throw .invalid("username", "3 to 32 characters of a-z, 0-9, _ . -")
        }
        return name
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
        try name(raw, field: "displayName", length: 1...64)
    }

    /// An empty text removes it.
    package static func about(_ raw: String) throws(ChatError) -> String? {
        guard let about = trimmed(raw, 500) else { throw .invalid("about", "up to 500 characters") }
        try refuseNUL(about, field: "about")
        return about.isEmpty ? nil : about
    }

    package static func title(_ raw: String) throws(ChatError) -> String {
        try name(raw, field: "title", length: 1...80)
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

    /// For a reaction that is not exactly one emoji.
    package static let noEmoji = ChatError.invalid("emoji", "one emoji")

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

    /// Checks what a sender says about an attachment.
    package static func alt(_ alt: String) throws(ChatError) {
        guard fits(alt, 1000) else { throw .invalid("attachments", "alt: up to 1,000 characters") }
        try refuseNUL(alt, field: "attachments")
    }

    /// A name that people choose (`NameText`). What can be mended without changing what is seen is; the rest is refused, so
    /// that nobody is called by what they did not write.
    static func name(_ raw: String, field: String, length: ClosedRange<Int>) throws(ChatError) -> String {
        let lengthRule = "\(length.lowerBound) to \(length.upperBound) characters"
        guard raw.utf8.count <= 4 * length.upperBound else { throw .invalid(field, lengthRule) }
        let name = NameText(raw)
        switch name.flaw {
        case nil: break
        case .empty: throw .invalid(field, "\(lengthRule) that can be seen")
        case .invisible: throw .invalid(field, "no control characters, and none that cannot be seen")
        case .marks: throw .invalid(field, "at most \(NameText.maxMarks) marks on a character")
        }
        guard length.contains(name.scalars.count) else { throw .invalid(field, lengthRule) }
        return name.text
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
