import EngineIO
import FoundationEssentials
public import NIOCore

/// The JSON text of one value, neither parsed nor copied until somebody asks.
public struct JSONFragment: Sendable, Equatable {
    public let bytes: ByteBuffer

    /// - Parameter json: The text of exactly one JSON value. It is sent as it is, so it must be valid.
    public init(json: ByteBuffer) {
        bytes = json
    }

    /// - Parameter json: The text of exactly one JSON value. It is sent as it is, so it must be valid.
    public init(json: String) {
        bytes = ByteBuffer(string: json)
    }

    /// From bytes of which nothing is known.
    ///
    /// - Returns: nil for what is no JSON text (RFC 8259) in UTF-8, or nests deeper than is read of a packet.
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

    /// The members of an object in their order, repeated ones too, without decoding their values: for payloads that come
    /// by the thousand, and objects of many members.
    ///
    /// - Parameter limit: How many there may be: no more than these are looked at.
    /// - Returns: nil for what is no object, or has a name that is long.
    public func members(atMost limit: Int) throws(TooManyMembers) -> [Member]? {
        do throws(JSONError) {
            return try JSONScanner.members(of: bytes, limit: limit)
        } catch {
            if error == .tooMany { throw TooManyMembers() }
            return nil
        }
    }

    /// The text of a string that is written without escapes; nil for everything else.
    public var plainString: String? {
        let view = bytes.readableBytesView
        guard view.count >= 2, view.first == UInt8(ascii: "\""), !view.contains(UInt8(ascii: "\\")) else { return nil }
        return String(decoding: view.dropFirst().dropLast(), as: UTF8.self)
    }

    /// A string's value; nil for everything else, and for escapes that mean no text.
    var string: String? { plainString ?? (try? decode(String.self)) }

    /// Stands for an attachment of the same packet, by its position.
    public static func placeholder(_ number: Int) -> JSONFragment {
        JSONFragment(json: #"{"_placeholder":true,"num":\#(number)}"#)
    }
}

extension JSONFragment: CustomStringConvertible {
    public var description: String { String(buffer: bytes) }
}
