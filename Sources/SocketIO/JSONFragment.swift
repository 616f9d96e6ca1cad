import EngineIO
import FoundationEssentials
public import NIOCore

/// The JSON text of one value. It is parsed only on demand.
public struct JSONFragment: Sendable, Equatable {
    public let bytes: ByteBuffer

    /// - Parameter json: The text of exactly one JSON value. It is sent unchanged, so it must be valid.
    public init(json: ByteBuffer) {
        bytes = json
    }

    /// - Parameter json: The text of exactly one JSON value. It is sent unchanged, so it must be valid.
    public init(json: String) {
        bytes = ByteBuffer(string: json)
    }

    /// Checks bytes from outside.
    ///
    /// - Returns: nil if the bytes are not JSON text (RFC 8259) in UTF-8, or nest too deeply.
    public init?(checking bytes: ByteBuffer) {
        let isText = bytes.withUnsafeReadableBytes { bytes in
            var validator = UTF8Validator()
            return validator.consume(bytes) && validator.isComplete
        }
        guard isText, (try? JSONScanner.kind(of: bytes)) != nil else { return nil }
        self.bytes = bytes
    }

    public init(_ value: some Encodable) throws {
        self.bytes = ByteBuffer(bytes: try JSONEncoder().encode(value))
    }

    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        try JSONDecoder().decode(type, from: Data(bytes.readableBytesView))
    }

    public typealias Member = (name: String, value: JSONFragment)

    public struct TooManyMembers: Error {}

    /// The members of an object in order, including repeated ones, without decoding their values. This is for frequent
    /// payloads and for large objects.
    ///
    /// - Parameter limit: The maximum number of members. More are not parsed.
    /// - Returns: nil if the value is not an object, or has a name that is too long.
    public func members(atMost limit: Int) throws(TooManyMembers) -> [Member]? {
        do throws(JSONError) {
            return try JSONScanner.members(of: bytes, limit: limit)
        } catch {
            if error == .tooMany { throw TooManyMembers() }
            return nil
        }
    }

    /// The text of a string without escapes, or nil for everything else.
    public var plainString: String? {
        let view = bytes.readableBytesView
        guard view.count >= 2, view.first == UInt8(ascii: "\""), !view.contains(UInt8(ascii: "\\")) else { return nil }
        return String(decoding: view.dropFirst().dropLast(), as: UTF8.self)
    }

    /// A string's value, or nil for everything else and for invalid escapes.
    var string: String? { plainString ?? (try? decode(String.self)) }

    /// Refers to an attachment of the same packet by its position.
    public static func placeholder(_ number: Int) -> JSONFragment {
        JSONFragment(json: #"{"_placeholder":true,"num":\#(number)}"#)
    }
}

extension JSONFragment: CustomStringConvertible {
    public var description: String { String(buffer: bytes) }
}
