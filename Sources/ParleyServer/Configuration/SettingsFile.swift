import Foundation

/// A `.env` file, parsed as Docker Compose and the dotenv libraries do where they agree:
///
/// - A line is `KEY=value` or `KEY: value`, with or without `export` before it and whitespace around the separator.
/// - A value without quotes ends with its line, or at a `#` after whitespace, where a comment begins.
/// - A value in single quotes or backticks is literal. In double quotes, `\n`, `\r`, `\t`, `\"`, `\\` and `\$` mean
///   what they mean in a shell. Either may continue over several lines.
/// - `$NAME` is not replaced.
/// - If a key comes twice, the last value counts.
///
/// What cannot be parsed is an error and is never skipped: a secret must not be lost to a typing error.
struct SettingsFile {
    /// What cannot be parsed, and where. It does not quote the text, which may be a secret.
    struct Invalid: Error, Equatable {
        /// Counted from 1.
        let line: Int
        let reason: String
    }

    private(set) var values: [String: String] = [:]
    /// The whole text, without a byte order mark, its lines ended by line feeds.
    private let text: [Unicode.Scalar]
    private var index = 0
    private var line = 1

    init(_ text: String) throws(Invalid) {
        var scalars = Array(text.unicodeScalars)
        if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
        self.text = Self.withLineFeeds(scalars)
        while index < self.text.count { try readLine() }
    }

    private static func withLineFeeds(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(scalars.count)
        var previous: Unicode.Scalar?
        for scalar in scalars {
            if scalar == "\r" {
                result.append("\n")
            } else if scalar != "\n" || previous != "\r" {
                result.append(scalar)
            }
            previous = scalar
        }
        return result
    }

    // MARK: Lines

    private mutating func readLine() throws(Invalid) {
        skipBlanks()
        if skipCommentAndLineEnd() { return }
        var key = try readKey()
        if key == "export", let next = peek(), Self.isKey(next) { key = try readKey() }
        guard let separator = peek(), separator == "=" || separator == ":" else {
            throw invalid("no = after the name")
        }
        index += 1
        let begin = index
        skipBlanks()
        let isIndented = index > begin
        switch peek() {
        case "\"": values[key] = try readQuoted(isLiteral: false)
        case "'", "`": values[key] = try readQuoted(isLiteral: true)
        default:
            values[key] = try readPlain(mayBeComment: isIndented)
            return
        }
        skipBlanks()
        guard skipCommentAndLineEnd() else { throw invalid("something follows the closing quote") }
    }

    /// Reads the name and the whitespace after it.
    private mutating func readKey() throws(Invalid) -> String {
        let begin = index
        while let next = peek(), Self.isKey(next) { index += 1 }
        guard begin < index, !("0"..."9").contains(text[begin]) else { throw invalid("no name of a setting") }
        defer { skipBlanks() }
        return string(begin..<index)
    }

    private static func isKey(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", ".", "-": true
        default: false
        }
    }

    /// - Parameter mayBeComment: Whether whitespace stands before the value, so that a `#` begins a comment.
    private mutating func readPlain(mayBeComment: Bool) throws(Invalid) -> String {
        let begin = index
        var end = index
        var isBlankBefore = mayBeComment
        while let next = peek(), next != "\n" {
            if next == "#", isBlankBefore { break }
            guard next.value >= 0x20 || next == "\t", next.value != 0x7F else { throw invalid("a control character") }
            index += 1
            isBlankBefore = Self.isBlank(next)
            if !isBlankBefore { end = index }
        }
        _ = skipCommentAndLineEnd()
        return string(begin..<end)
    }

    private mutating func readQuoted(isLiteral: Bool) throws(Invalid) -> String {
        let quote = text[index]
        let opened = line
        index += 1
        var value = String.UnicodeScalarView()
        while let next = peek() {
            index += 1
            switch next {
            case quote: return String(value)
            case "\\" where isLiteral && peek() == quote && !isLast(quoteAt: index):
                value.append(quote)
                index += 1
            case "\\" where !isLiteral: value.append(contentsOf: readEscape())
            case "\0": throw invalid("a control character")
            case "\n":
                line += 1
                value.append(next)
            default: value.append(next)
            }
        }
        throw Invalid(line: opened, reason: "the quote that opens the value is never closed")
    }

    /// Whether only a comment follows a quote on its line. Such a quote closes the value, even after a backslash.
    private func isLast(quoteAt position: Int) -> Bool {
        let rest = text[(position + 1)...].prefix { $0 != "\n" }
        guard let first = rest.first(where: { !Self.isBlank($0) }) else { return true }
        return first == "#"
    }

    /// Reads what follows a backslash. What is no escape stands for itself.
    private mutating func readEscape() -> [Unicode.Scalar] {
        guard let next = peek(), next != "\n" else { return ["\\"] }
        index += 1
        switch next {
        case "n": return ["\n"]
        case "r": return ["\r"]
        case "t": return ["\t"]
        case "\"", "\\", "$", "`", "'": return [next]
        default: return ["\\", next]
        }
    }

    // MARK: Characters

    private func peek() -> Unicode.Scalar? { index < text.count ? text[index] : nil }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\t" || scalar == "\u{A0}"
    }

    private mutating func skipBlanks() {
        while let next = peek(), Self.isBlank(next) { index += 1 }
    }

    /// - Returns: Whether the line ends here, apart from a comment.
    private mutating func skipCommentAndLineEnd() -> Bool {
        if peek() == "#" { while let next = peek(), next != "\n" { index += 1 } }
        guard index < text.count else { return true }
        guard text[index] == "\n" else { return false }
        index += 1
        line += 1
        return true
    }

    private func string(_ range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text[range])
        return String(view)
    }

    private func invalid(_ reason: String) -> Invalid { Invalid(line: line, reason: reason) }
}

extension SettingsFile {
    /// A larger file is not one of settings.
    private static let maxBytes = 1 << 20

    /// The file's settings; none where there is no file.
    /// - Throws: ``OperatorError`` for what cannot be read.
    static func load(_ path: String) throws(OperatorError) -> [String: String] {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return [:] }
        guard !isDirectory.boolValue, let file = FileHandle(forReadingAtPath: path),
            let data = try? file.read(upToCount: maxBytes + 1) ?? Data()
        else { throw .init("\(path): cannot be read") }
        guard data.count <= maxBytes else { throw .init("\(path): too large for a file of settings") }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw .init("\(path): not in UTF-8")
        }
        do throws(Invalid) {
            return try SettingsFile(text).values
        } catch {
            throw .init("\(path), line \(error.line): \(error.reason)")
        }
    }
}
