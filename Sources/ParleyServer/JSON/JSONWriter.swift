import ChatModel
import Foundation

/// Writes JSON (RFC 8259) straight into memory: camelCase keys, times in RFC 3339, absent fields left out.
///
/// Foundation's encoder takes 20 µs for a message, this writer less than one. The memory is an array, whose appends are
/// inlined, because a text is made of thousands of small pieces: into a `ByteBuffer` they took three times as long.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    /// Whether the next value in the same object or array is not the first.
    private var needsComma = false
    /// Where people were written first.
    private var people: [UserID: (user: User, place: Range<Int>)] = [:]

    init(capacity: Int = 512) { bytes.reserveCapacity(capacity) }

    // MARK: Structure

    mutating func object(_ members: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "{"))
        members(&self)
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    mutating func array<Element>(_ elements: [Element], _ element: (inout JSONWriter, Element) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "["))
        for value in elements { element(&self, value) }
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// - Parameter name: A field's name, which needs no escaping.
    mutating func name(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        write(name)
        write("\":")
    }

    /// - Parameter id: As the name of a member.
    mutating func name<Entity>(_ id: ID<Entity>) {
        self.id(id)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func write(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = false
    }

    // MARK: Values

    mutating func string(_ value: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { writeEscaped($0) }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    mutating func integer(_ value: Int) {
        separate()
        bytes.append(contentsOf: String(value).utf8)
        needsComma = true
    }

    mutating func number(_ value: Double) {
        // JSON has no infinities, and nothing that is written here is one.
        if let whole = Int(exactly: value) { return integer(whole) }
        separate()
        bytes.append(contentsOf: (value.isFinite ? "\(value)" : "null").utf8)
        needsComma = true
    }

    mutating func boolean(_ value: Bool) {
        separate()
        write(value ? "true" : "false")
        needsComma = true
    }

    mutating func id<Entity>(_ value: ID<Entity>) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        value.uuid.appendText(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Somebody of whom there may be more of the same. A list of conversations has the same people again and again, and a person
    /// has dozens of fields.
    mutating func repeated(_ user: User) {
        separate()
        if let known = people[user.id], known.user == user {
            bytes.append(contentsOf: Array(bytes[known.place]))
        } else {
            let start = bytes.count
            user.write(to: &self)
            people[user.id] = (user, start..<bytes.count)
        }
        needsComma = true
    }

    mutating func time(_ value: Date) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: TimeText.text(of: value).utf8)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Escapes what must be escaped (RFC 8259, section 7), and copies the runs between.
    private mutating func writeEscaped(_ text: UnsafeBufferPointer<UInt8>) {
        var plain = 0
        for (index, byte) in text.enumerated() where byte < 0x20 || byte == 0x22 || byte == 0x5C {
            bytes.append(contentsOf: text[plain..<index])
            plain = index + 1
            switch byte {
            case 0x22: write("\\\"")
            case 0x5C: write("\\\\")
            case 0x08: write("\\b")
            case 0x09: write("\\t")
            case 0x0A: write("\\n")
            case 0x0C: write("\\f")
            case 0x0D: write("\\r")
            default:
                write(byte < 0x10 ? "\\u000" : "\\u00")
                bytes.append(contentsOf: String(byte, radix: 16).utf8)
            }
        }
        bytes.append(contentsOf: text[plain...])
    }
}

// MARK: Fields

extension JSONWriter {
    mutating func field(_ name: StaticString, _ value: String) {
        self.name(name)
        string(value)
    }

    mutating func field(_ name: StaticString, _ value: String?) {
        if let value { field(name, value) }
    }

    mutating func field(_ name: StaticString, _ value: Int) {
        self.name(name)
        integer(value)
    }

    mutating func field(_ name: StaticString, _ value: Int?) {
        if let value { field(name, value) }
    }

    mutating func field(_ name: StaticString, _ value: Double?) {
        guard let value else { return }
        self.name(name)
        number(value)
    }

    mutating func field(_ name: StaticString, _ value: Bool) {
        self.name(name)
        boolean(value)
    }

    mutating func field(_ name: StaticString, _ value: Date?) {
        guard let value else { return }
        self.name(name)
        time(value)
    }

    mutating func field<Element>(
        _ name: StaticString, _ elements: [Element], _ element: (inout JSONWriter, Element) -> Void
    ) {
        self.name(name)
        array(elements, element)
    }
}
