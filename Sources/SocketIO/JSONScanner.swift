import NIOCore

enum JSONError: Error, Equatable {
    case unexpectedEnd
    case unexpectedByte
    case tooDeep
    case tooMany
    case trailingBytes
    /// A binary placeholder refers to no attachment.
    case invalidPlaceholder
}

/// Checks that bytes are JSON (RFC 8259) and finds the elements of an array, without building values.
///
/// The transport has checked that the bytes are valid UTF-8. Values are decoded later, on demand.
struct JSONScanner {
    enum Kind: Equatable { case object, array, string, number, `true`, `false`, null }

    /// The limit of nested arrays and objects.
    static let maxDepth = 128

    private let bytes: UnsafeRawBufferPointer
    private var index = 0
    private var depth = 0
    /// The number of attachments, or nil if placeholders have no meaning.
    private let attachments: Int?

    private init(_ bytes: UnsafeRawBufferPointer, attachments: Int?) {
        self.bytes = bytes
        self.attachments = attachments
    }

    /// - Returns: The kind of the value.
    static func kind(of text: ByteBuffer) throws(JSONError) -> Kind {
        try scan(text, attachments: nil) { scanner throws(JSONError) in try scanner.value() }
    }

    /// - Parameters:
    ///   - attachments: The number of attachments of a binary packet. Its placeholders are checked.
    ///   - limit: The maximum number of elements.
    /// - Returns: The array's elements, with their kinds.
    static func elements(
        of text: ByteBuffer,
        attachments: Int? = nil,
        limit: Int = .max
    ) throws(JSONError) -> [(kind: Kind, text: ByteBuffer)] {
        let ranges = try scan(text, attachments: attachments) { scanner throws(JSONError) in
            try scanner.elements(limit: limit)
        }
        return ranges.compactMap { kind, range in
            text.getSlice(at: text.readerIndex + range.lowerBound, length: range.count).map { (kind, $0) }
        }
    }

    /// In bytes. Comparing names takes time that grows with the square of their combining marks.
    private static let maxNameBytes = 256

    /// - Parameter limit: The maximum number of members.
    /// - Returns: The members of an object, in their order.
    static func members(of text: ByteBuffer, limit: Int) throws(JSONError) -> [JSONFragment.Member] {
        let ranges = try scan(text, attachments: nil) { scanner throws(JSONError) in
            try scanner.members(limit: limit)
        }
        var members: [JSONFragment.Member] = []
        members.reserveCapacity(ranges.count)
        for (name, value) in ranges {
            // With its quotes.
            guard name.count <= maxNameBytes,
                let name = text.getSlice(at: text.readerIndex + name.lowerBound - 1, length: name.count + 2),
                let value = text.getSlice(at: text.readerIndex + value.lowerBound, length: value.count),
                let string = JSONFragment(json: name).string
            else { throw .unexpectedByte }
            members.append((string, JSONFragment(json: value)))
        }
        return members
    }

    private static func scan<T>(
        _ text: ByteBuffer,
        attachments: Int?,
        _ body: (inout JSONScanner) throws(JSONError) -> T
    ) throws(JSONError) -> T {
        let result: Result<T, JSONError> = text.withUnsafeReadableBytes { bytes in
            var scanner = JSONScanner(bytes, attachments: attachments)
            do throws(JSONError) {
                scanner.skipSpace()
                let value = try body(&scanner)
                scanner.skipSpace()
                guard scanner.index == bytes.count else { return .failure(.trailingBytes) }
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    // MARK: Structure

    private mutating func elements(limit: Int) throws(JSONError) -> [(Kind, Range<Int>)] {
        var elements: [(Kind, Range<Int>)] = []
        try expect(UInt8(ascii: "["))
        depth = 1
        skipSpace()
        if skip(UInt8(ascii: "]")) { return elements }
        while true {
            let start = index
            let kind = try value()
            guard elements.count < limit else { throw .tooMany }
            elements.append((kind, start..<index))
            skipSpace()
            if skip(UInt8(ascii: "]")) { return elements }
            try expect(UInt8(ascii: ","))
            skipSpace()
        }
    }

    private mutating func members(limit: Int) throws(JSONError) -> [(name: Range<Int>, value: Range<Int>)] {
        var members: [(Range<Int>, Range<Int>)] = []
        try expect(UInt8(ascii: "{"))
        depth = 1
        skipSpace()
        if skip(UInt8(ascii: "}")) { return members }
        while true {
            let name = try string()
            skipSpace()
            try expect(UInt8(ascii: ":"))
            skipSpace()
            let start = index
            _ = try self.value()
            guard members.count < limit else { throw .tooMany }
            members.append((name, start..<index))
            skipSpace()
            if skip(UInt8(ascii: "}")) { return members }
            try expect(UInt8(ascii: ","))
            skipSpace()
        }
    }

    private mutating func value() throws(JSONError) -> Kind {
        switch try peek() {
        case UInt8(ascii: "{"):
            try object()
            return .object
        case UInt8(ascii: "["):
            try nested { scanner throws(JSONError) in try scanner.arrayBody() }
            return .array
        case UInt8(ascii: "\""):
            _ = try string()
            return .string
        case UInt8(ascii: "t"):
            try literal("true")
            return .true
        case UInt8(ascii: "f"):
            try literal("false")
            return .false
        case UInt8(ascii: "n"):
            try literal("null")
            return .null
        default:
            try number()
            return .number
        }
    }

    private mutating func nested(_ body: (inout JSONScanner) throws(JSONError) -> Void) throws(JSONError) {
        guard depth < Self.maxDepth else { throw .tooDeep }
        depth += 1
        index += 1
        skipSpace()
        try body(&self)
        depth -= 1
    }

    private mutating func arrayBody() throws(JSONError) {
        if skip(UInt8(ascii: "]")) { return }
        while true {
            _ = try value()
            skipSpace()
            if skip(UInt8(ascii: "]")) { return }
            try expect(UInt8(ascii: ","))
            skipSpace()
        }
    }

    private mutating func object() throws(JSONError) {
        try nested { scanner throws(JSONError) in
            var placeholder = Placeholder()
            if scanner.skip(UInt8(ascii: "}")) { return }
            while true {
                let key = try scanner.string()
                scanner.skipSpace()
                try scanner.expect(UInt8(ascii: ":"))
                scanner.skipSpace()
                let start = scanner.index
                let kind = try scanner.value()
                if scanner.attachments != nil { scanner.note(&placeholder, key: key, kind, start..<scanner.index) }
                scanner.skipSpace()
                if scanner.skip(UInt8(ascii: "}")) { break }
                try scanner.expect(UInt8(ascii: ","))
                scanner.skipSpace()
            }
            guard placeholder.isMarked, let attachments = scanner.attachments else { return }
            guard let number = placeholder.number, number < attachments else { throw .invalidPlaceholder }
        }
    }

    // MARK: Placeholders

    private struct Placeholder {
        var isMarked = false
        var number: Int?
    }

    /// `{"_placeholder":true,"num":0}` stands for the first attachment (Socket.IO protocol, "Packet encoding").
    private func note(_ placeholder: inout Placeholder, key: Range<Int>, _ kind: Kind, _ value: Range<Int>) {
        if equals(key, "_placeholder") {
            placeholder.isMarked = kind == .true
        } else if equals(key, "num") {
            placeholder.number = kind == .number ? naturalNumber(value) : nil
        }
    }

    private func equals(_ range: Range<Int>, _ text: StaticString) -> Bool {
        text.withUTF8Buffer { UnsafeRawBufferPointer(rebasing: bytes[range]).elementsEqual($0) }
    }

    private func naturalNumber(_ range: Range<Int>) -> Int? {
        guard range.count <= 9 else { return nil }
        var number = 0
        for byte in bytes[range] {
            guard Self.isDigit(byte) else { return nil }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return number
    }

    // MARK: Tokens

    /// - Returns: The range of the string, without its quotes.
    private mutating func string() throws(JSONError) -> Range<Int> {
        try expect(UInt8(ascii: "\""))
        let start = index
        while true {
            let byte = try peek()
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return start..<(index - 1)
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20: throw .unexpectedByte
            default: break
            }
        }
    }

    private mutating func escape() throws(JSONError) {
        let byte = try peek()
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            break
        case UInt8(ascii: "u"):
            for _ in 0..<4 {
                guard Self.isHexDigit(try peek()) else { throw .unexpectedByte }
                index += 1
            }
        default: throw .unexpectedByte
        }
    }

    private mutating func number() throws(JSONError) {
        _ = skip(UInt8(ascii: "-"))
        if !skip(UInt8(ascii: "0")) { try digits() }
        if skip(UInt8(ascii: ".")) { try digits() }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
            try digits()
        }
    }

    private mutating func digits() throws(JSONError) {
        guard Self.isDigit(try peek()) else { throw .unexpectedByte }
        while index < bytes.count, Self.isDigit(bytes[index]) { index += 1 }
    }

    private mutating func literal(_ text: StaticString) throws(JSONError) {
        let end = index + text.utf8CodeUnitCount
        guard end <= bytes.count else { throw .unexpectedEnd }
        guard equals(index..<end, text) else { throw .unexpectedByte }
        index = end
    }

    private mutating func skipSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0a, 0x0d: index += 1
            default: return
            }
        }
    }

    private func peek() throws(JSONError) -> UInt8 {
        guard index < bytes.count else { throw .unexpectedEnd }
        return bytes[index]
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard try peek() == byte else { throw .unexpectedByte }
        index += 1
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        Self.isDigit(byte) || (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "f")
    }
}
