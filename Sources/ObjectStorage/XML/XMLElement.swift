/// One element of a store's answer. Only what S3 answers with is understood: elements, text, references to characters.
/// Everything is bounded, and a document type is an error, so no answer takes more than its own size.
struct XMLElement: Sendable, Equatable {
    let name: String
    var text = ""
    var children: [XMLElement] = []

    struct Malformed: Error {}

    private static let maxDepth = 8
    private static let maxElements = 20_000

    func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// The text of a child.
    subscript(_ name: String) -> String? { child(name)?.text }

    /// - Returns: The document's element.
    static func parse(_ bytes: some Collection<UInt8>) throws(Malformed) -> XMLElement {
        var reader = Reader(bytes: Array(bytes))
        return try reader.document()
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0
        var elements = 0

        mutating func document() throws(Malformed) -> XMLElement {
            var open: [XMLElement] = []
            while position < bytes.count {
                let text = try text()
                if !open.isEmpty { open[open.count - 1].text += text }
                guard position < bytes.count else { break }
                if skip("<?", until: "?>") || skip("<!--", until: "-->") { continue }
                guard take("<") else { throw Malformed() }
                if take("/") {
                    guard let element = open.popLast(), name() == element.name else { throw Malformed() }
                    blanks()
                    guard take(">") else { throw Malformed() }
                    guard !open.isEmpty else { return element }
                    open[open.count - 1].children.append(element)
                    continue
                }
                let element = XMLElement(name: name())
                elements += 1
                guard !element.name.isEmpty, open.count < XMLElement.maxDepth, elements <= XMLElement.maxElements
                else { throw Malformed() }
                if try attributesEndElement() {
                    guard !open.isEmpty else { return element }
                    open[open.count - 1].children.append(element)
                } else {
                    open.append(element)
                }
            }
            throw Malformed()
        }

        /// Skips what follows an element's name. Returns whether it is an element without content.
        private mutating func attributesEndElement() throws(Malformed) -> Bool {
            var quote: UInt8?
            while position < bytes.count {
                let byte = bytes[position]
                position += 1
                if let open = quote {
                    if byte == open { quote = nil }
                } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                    quote = byte
                } else if byte == UInt8(ascii: ">") {
                    return bytes[position - 2] == UInt8(ascii: "/")
                } else if byte == UInt8(ascii: "<") {
                    throw Malformed()
                }
            }
            throw Malformed()
        }

        private mutating func name() -> String {
            let start = position
            while position < bytes.count, !" \t\r\n/>".utf8.contains(bytes[position]) { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        private mutating func text() throws(Malformed) -> String {
            var text: [UInt8] = []
            while position < bytes.count, bytes[position] != UInt8(ascii: "<") {
                if bytes[position] == UInt8(ascii: "&") {
                    text += try reference()
                } else {
                    text.append(bytes[position])
                    position += 1
                }
            }
            return String(decoding: text, as: UTF8.self)
        }

        private mutating func reference() throws(Malformed) -> [UInt8] {
            guard let end = bytes[position...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else { throw Malformed() }
            let name = String(decoding: bytes[(position + 1)..<end], as: UTF8.self)
            position = end + 1
            switch name {
            case "amp": return Array("&".utf8)
            case "lt": return Array("<".utf8)
            case "gt": return Array(">".utf8)
            case "quot": return Array("\"".utf8)
            case "apos": return Array("'".utf8)
            default:
                let number = name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : UInt32(name.dropFirst())
                guard name.hasPrefix("#"), let scalar = number.flatMap(Unicode.Scalar.init) else { throw Malformed() }
                return Array(String(Character(scalar)).utf8)
            }
        }

        private mutating func blanks() {
            while position < bytes.count, " \t\r\n".utf8.contains(bytes[position]) { position += 1 }
        }

        private mutating func take(_ text: String) -> Bool {
            guard bytes[position...].starts(with: text.utf8) else { return false }
            position += text.utf8.count
            return true
        }

        private mutating func skip(_ start: String, until end: String) -> Bool {
            guard bytes[position...].starts(with: start.utf8) else { return false }
            while position < bytes.count, !take(end) { position += 1 }
            return true
        }
    }
}
