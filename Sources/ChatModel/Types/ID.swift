public import Foundation

/// The identifier of an `Entity`: a UUIDv7 (RFC 9562, section 5.7). Ids sort by the time they were made, so an index on
/// them grows at its end. The type parameter keeps a user's id from being passed for an upload's.
public struct ID<Entity>: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let uuid: UUID

    public init(_ uuid: UUID) { self.uuid = uuid }

    /// Reads the usual form of 36 characters, in either case. Nil for a malformed id.
    public init?(_ string: some StringProtocol) {
        guard string.utf8.count == 36, let uuid = UUID(uuidString: String(string)) else { return nil }
        self.uuid = uuid
    }

    /// The Nil UUID (RFC 9562, section 5.9), which names nothing. A malformed id in a request becomes this one, so it is
    /// answered like an unknown id.
    public static var unknown: ID { ID(UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))) }

    /// A new id: 48 bits of Unix time in milliseconds, 74 random bits.
    public static func make(now: Date = Date()) -> ID {
        let milliseconds = UInt64(max(0, now.timeIntervalSince1970 * 1000))
        let high = UInt64.random(in: .min ... .max)
        let low = UInt64.random(in: .min ... .max)
        func byte(_ value: UInt64, _ index: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: value >> (index * 8)) }
        return ID(
            UUID(
                uuid: (
                    byte(milliseconds, 5), byte(milliseconds, 4), byte(milliseconds, 3), byte(milliseconds, 2),
                    byte(milliseconds, 1), byte(milliseconds, 0),
                    0x70 | (byte(high, 0) & 0x0F), byte(high, 1),
                    0x80 | (byte(high, 2) & 0x3F), byte(high, 3),
                    byte(low, 0), byte(low, 1), byte(low, 2), byte(low, 3), byte(low, 4), byte(low, 5)
                )))
    }

    public static func < (left: ID, right: ID) -> Bool {
        withUnsafeBytes(of: left.uuid.uuid) { left in
            withUnsafeBytes(of: right.uuid.uuid) { right in left.lexicographicallyPrecedes(right) }
        }
    }

    /// The lower-case text form (RFC 9562, section 4).
    public var description: String {
        String(unsafeUninitializedCapacity: UUID.textSize) { text in
            uuid.writeText(to: text)
            return UUID.textSize
        }
    }
}

extension UUID {
    fileprivate static let textSize = 36

    /// Appends the lower-case text form.
    package func appendText(to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.textSize) { text in
            writeText(to: text)
            bytes.append(contentsOf: text)
        }
    }

    fileprivate func writeText(to text: UnsafeMutableBufferPointer<UInt8>) {
        func digit(_ nibble: UInt8) -> UInt8 {
            nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") - 10 + nibble
        }
        withUnsafeBytes(of: uuid) { bytes in
            var position = 0
            for index in bytes.indices {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    text[position] = UInt8(ascii: "-")
                    position += 1
                }
                text[position] = digit(bytes[index] >> 4)
                text[position + 1] = digit(bytes[index] & 0xF)
                position += 2
            }
        }
    }
}

extension ID: Codable {
    public init(from decoder: any Decoder) throws {
        self = ID(try decoder.singleValueContainer().decode(String.self)) ?? .unknown
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension ID: CodingKeyRepresentable {
    public var codingKey: any CodingKey { description.codingKey }
    public init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }
}

public typealias UserID = ID<User>
public typealias SessionID = ID<Session>
public typealias ConversationID = ID<Conversation>
public typealias MessageID = ID<Message>
public typealias UploadID = ID<Upload>
public typealias ReportID = ID<Report>

/// A user's report of a message to the moderators. It is read only in SQL, so the type is just a name.
public enum Report {}
