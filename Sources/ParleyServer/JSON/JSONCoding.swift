import ChatModel
import Foundation
import NIOCore
import NIOFoundationCompat
import SocketIO

/// JSON as docs/API.md describes it: camelCase keys, RFC 3339 times in UTC with milliseconds, absent fields left out.
enum JSON {
    /// The largest text that is decoded: enough for the longest message, escaped, and for a thousand ids. The cost of
    /// decoding grows with it, and it runs on an event loop.
    static let maxBytes = 256 * 1024

    private static let time = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// The years 1 to 9999 in UTC, up to their last millisecond: RFC 3339 has no later ones, and clients read none.
    /// PostgreSQL's first day of the year 1 is Foundation's third, whose calendar is Julian before 1582.
    private static let years =
        Date(timeIntervalSince1970: -62_135_596_800)..<Date(timeIntervalSince1970: 253_402_300_799.9995)

    /// A time of RFC 3339, of any zone, with or without fractions of a second; nil for anything else, also for years
    /// that would be written with a sign or with more than four digits.
    static func time(_ text: String) -> Date? {
        guard text.utf8.count <= 40,
            let time = (try? time.parse(text)) ?? (try? Date.ISO8601FormatStyle().parse(text))
        else { return nil }
        return years.contains(time) ? time : nil
    }

    /// Parses untrusted bytes, as strictly as an event: a decoder alone accepts much in fields that it is not asked
    /// for.
    /// - Throws: As `decode`.
    static func parse<Value: Decodable>(_ type: Value.Type = Value.self, from bytes: ByteBuffer) throws(ChatError)
        -> Value
    {
        guard let json = JSONFragment(checking: bytes) else {
            throw ChatError(.malformedRequest, "the body is no JSON in UTF-8, or nested too deeply")
        }
        return try decode(type, from: json)
    }

    /// - Throws: `malformed_request` for what is no JSON, `validation_failed` for a field that is missing or of the
    ///   wrong type.
    static func decode<Value: Decodable>(_ type: Value.Type = Value.self, from buffer: ByteBuffer) throws(ChatError)
        -> Value
    {
        guard !buffer.withUnsafeReadableBytes(hasLongName) else {
            throw ChatError(.malformedRequest, "a field's name is longer than \(maxName) bytes")
        }
        do {
            return try JSONDecoder().decode(type, from: Data(buffer: buffer))
        } catch let error as DecodingError {
            if case .dataCorrupted(let context) = error, context.codingPath.isEmpty, let name = unfitNumber(in: buffer)
            {
                throw .invalid(name, "a whole number")
            }
            throw translate(error)
        } catch let error as ChatError {
            throw error
        } catch {
            throw ChatError(.malformedRequest, "the body is no JSON")
        }
    }

    /// In bytes. The decoder looks names up, which takes time that grows with the square of their combining marks.
    private static let maxName = 256

    /// Whether a string that is followed by a colon is longer than `maxName`.
    private static func hasLongName(_ text: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < text.count {
            defer { index += 1 }
            guard text[index] == UInt8(ascii: "\"") else { continue }
            let start = index + 1
            index = start
            while index < text.count, text[index] != UInt8(ascii: "\"") {
                index += text[index] == UInt8(ascii: "\\") ? 2 : 1
            }
            guard index - start > maxName else { continue }
            let next = text.dropFirst(index + 1).first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
            if next == UInt8(ascii: ":") { return true }
        }
        return false
    }

    /// The integer that a JSON number is, however it is written: `100`, `1e2`, `100.0`.
    static func wholeNumber(_ text: String) -> Int? { Int(text) ?? Double(text).flatMap { Int(exactly: $0) } }

    /// The name of the first member whose number is not whole, or too large. The decoder does not say which one it is.
    private static func unfitNumber(in buffer: ByteBuffer) -> String? {
        guard let members = try? JSONFragment(checking: buffer)?.members(atMost: .max) else { return nil }
        return members.first { Double($0.value.description) != nil && wholeNumber($0.value.description) == nil }?.name
    }

    private static func translate(_ error: DecodingError) -> ChatError {
        func field(_ path: [any CodingKey], _ last: (any CodingKey)? = nil) -> String? {
            (path + (last.map { [$0] } ?? [])).first { $0.intValue == nil }?.stringValue
        }
        switch error {
        case .keyNotFound(let key, let context):
            return .invalid(field(context.codingPath, key) ?? key.stringValue, "is missing")
        case .valueNotFound(_, let context), .typeMismatch(_, let context):
            guard let name = field(context.codingPath) else {
                return ChatError(.malformedRequest, "the body is no JSON object")
            }
            return .invalid(name, "has the wrong type")
        case .dataCorrupted(let context):
            guard let name = field(context.codingPath) else {
                return ChatError(.malformedRequest, "the body is no JSON")
            }
            return .invalid(name, "is not valid")
        @unknown default:
            return ChatError(.malformedRequest, "the body cannot be read")
        }
    }
}
