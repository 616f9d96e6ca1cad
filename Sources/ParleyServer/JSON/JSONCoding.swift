import ChatModel
import Foundation
import NIOCore
import NIOFoundationCompat
import SocketIO

/// JSON as API.md has it: camelCase keys, RFC 3339 times in UTC with milliseconds, absent fields left out.
enum JSON {
    /// What a decoder is given at most: enough for the longest text, escaped, and for a thousand ids. What it costs grows with
    /// this, and it runs on an event loop.
    static let maximumBytes = 256 * 1024

    private static let time = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    static func encode(_ value: some Encodable) throws -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(text(of: date))
        }
        return ByteBuffer(data: try encoder.encode(value))
    }

    static func text(of date: Date) -> String { date.formatted(time) }

    /// Reads bytes of which nothing is known, as strictly as an event is read: a decoder alone lets much pass in what it
    /// is not asked for.
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
            throw ChatError(.malformedRequest, "a field's name is longer than \(maximumName) bytes")
        }
        do {
            return try JSONDecoder().decode(type, from: Data(buffer: buffer))
        } catch let error as DecodingError {
            throw translate(error)
        } catch {
            throw ChatError(.malformedRequest, "the body is no JSON")
        }
    }

    /// In bytes. The decoder looks names up: that takes time which grows with the square of the combining marks in them.
    private static let maximumName = 256

    /// Whether a string that is followed by a colon is longer than `maximumName`.
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
            guard index - start > maximumName else { continue }
            let next = text.dropFirst(index + 1).first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
            if next == UInt8(ascii: ":") { return true }
        }
        return false
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
