public import Foundation

extension String: PostgresScalar {
    public static var postgresType: PostgresType { .text }

    public static func accepts(_ type: PostgresType) -> Bool {
        switch type {
        case .text, .varchar, .bpchar, .name, .char, .unknown: true
        // An enum's binary form is its label, citext's its text.
        default: type.isUserDefined
        }
    }

    public func encode(into writer: inout PostgresWriter) { writer.bytes.append(contentsOf: utf8) }

    public static func decode(_ cell: PostgresCell) throws(PostgresError) -> String {
        String(decoding: try cell.value(for: Self.self), as: UTF8.self)
    }
}

extension Bool: PostgresScalar {
    public static var postgresType: PostgresType { .bool }

    public func encode(into writer: inout PostgresWriter) { writer.bytes.append(self ? 1 : 0) }

    public static func decode(_ cell: PostgresCell) throws(PostgresError) -> Bool {
        try cell.integer(cell.value(for: Self.self), as: UInt8.self) != 0
    }
}

extension Int: PostgresScalar {
    public static var postgresType: PostgresType { .int8 }
    public static func accepts(_ type: PostgresType) -> Bool { Int64.accepts(type) }
    public func encode(into writer: inout PostgresWriter) { writer.write(Int64(self)) }
    public static func decode(_ cell: PostgresCell) throws(PostgresError) -> Int { Int(try Int64.decode(cell)) }
}

extension Int64: PostgresScalar {
    public static var postgresType: PostgresType { .int8 }

    public static func accepts(_ type: PostgresType) -> Bool { type == .int8 || Int32.accepts(type) }

    public func encode(into writer: inout PostgresWriter) { writer.write(self) }

    public static func decode(_ cell: PostgresCell) throws(PostgresError) -> Int64 {
        guard cell.type == .int8 else { return Int64(try Int32.decode(cell)) }
        return try cell.integer(cell.value(for: Self.self), as: Int64.self)
    }
}

extension Int32: PostgresScalar {
    public static var postgresType: PostgresType { .int4 }

    public static func accepts(_ type: PostgresType) -> Bool { type == .int4 || type == .int2 }

    public func encode(into writer: inout PostgresWriter) { writer.write(self) }

    public static func decode(_ cell: PostgresCell) throws(PostgresError) -> Int32 {
        guard cell.type == .int4 else { return Int32(try Int16.decode(cell)) }
        return try cell.integer(cell.value(for: Self.self), as: Int32.self)
    }
}

extension Int16: PostgresScalar {
    public static var postgresType: PostgresType { .int2 }

    public func encode(into writer: inout PostgresWriter) { writer.write(self) }

    public static func decode(_ cell: PostgresCell) throws(PostgresError) -> Int16 {
        try cell.integer(cell.value(for: Self.self), as: Int16.self)
    }
}

extension Double: PostgresScalar {
    public static var postgresType: PostgresType { .float8 }

    public static func accepts(_ type: PostgresType) -> Bool { type == .float8 || type == .float4 }

    public func encode(into writer: inout PostgresWriter) { writer.write(bitPattern) }

    public static func decode(_ cell: PostgresCell) throws(PostgresError) -> Double {
        let bytes = try cell.value(for: Self.self)
        guard cell.type == .float8 else {
            return Double(Float(bitPattern: try cell.integer(bytes, as: UInt32.self)))
        }
        return Double(bitPattern: try cell.integer(bytes, as: UInt64.self))
    }
}

extension UUID: PostgresScalar {
    public static var postgresType: PostgresType { .uuid }

    public func encode(into writer: inout PostgresWriter) {
        withUnsafeBytes(of: uuid) { writer.bytes.append(contentsOf: $0) }
    }

    public static func decode(_ cell: PostgresCell) throws(PostgresError) -> UUID {
        let bytes = try cell.value(for: Self.self)
        guard bytes.count == MemoryLayout<uuid_t>.size else { throw cell.mismatch(Self.self) }
        return UUID(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}

/// `timestamptz`: microseconds since 2000-01-01 00:00 UTC. `distantFuture` and `distantPast` are `infinity` and
/// `-infinity`.
extension Date: PostgresScalar {
    public static var postgresType: PostgresType { .timestamptz }

    /// 2000-01-01 in seconds since Foundation's reference date, 2001-01-01 (2000 was a leap year).
    private static let postgresEpoch: TimeInterval = -366 * 86_400

    public func encode(into writer: inout PostgresWriter) {
        // Compared as numbers, because Date's `<=` is true for NaN.
        let seconds = timeIntervalSinceReferenceDate
        if seconds >= Date.distantFuture.timeIntervalSinceReferenceDate { return writer.write(Int64.max) }
        if seconds <= Date.distantPast.timeIntervalSinceReferenceDate { return writer.write(Int64.min) }
        // Between the two bounds, the product fits in 64 bits. NaN is never between them.
        let microseconds = ((seconds - Self.postgresEpoch) * 1_000_000).rounded()
        guard let exact = Int64(exactly: microseconds) else {
            writer.refusal = "a Date that is not a number has no timestamptz"
            return
        }
        writer.write(exact)
    }

    public static func decode(_ cell: PostgresCell) throws(PostgresError) -> Date {
        let microseconds = try cell.integer(cell.value(for: Self.self), as: Int64.self)
        switch microseconds {
        case .max: return .distantFuture
        case .min: return .distantPast
        default: return Date(timeIntervalSinceReferenceDate: Double(microseconds) / 1_000_000 + postgresEpoch)
        }
    }
}

/// `bytea`. Use `Data` for an array of byte strings. A single one can also be `[UInt8]`.
extension Data: PostgresScalar {
    public static var postgresType: PostgresType { .bytea }
    public func encode(into writer: inout PostgresWriter) { writer.bytes.append(contentsOf: self) }
    public static func decode(_ cell: PostgresCell) throws(PostgresError) -> Data {
        Data(try cell.value(for: Self.self))
    }
}

/// The text of a `jsonb` value. It also reads `json` columns. The server checks that it is JSON.
public struct PostgresJSON: PostgresScalar, Hashable {
    public var text: String

    public init(_ text: String) { self.text = text }

    public static var postgresType: PostgresType { .jsonb }

    public static func accepts(_ type: PostgresType) -> Bool { type == .jsonb || type == .json }

    /// jsonb's binary form is a version and the text (`jsonb_recv`); there is only version 1.
    private static let version: UInt8 = 1

    public func encode(into writer: inout PostgresWriter) {
        writer.bytes.append(Self.version)
        writer.bytes.append(contentsOf: text.utf8)
    }

    public static func decode(_ cell: PostgresCell) throws(PostgresError) -> PostgresJSON {
        let bytes = try cell.value(for: Self.self)
        if cell.type == .json { return PostgresJSON(String(decoding: bytes, as: UTF8.self)) }
        guard bytes.first == version else { throw cell.mismatch(Self.self) }
        return PostgresJSON(String(decoding: bytes.dropFirst(), as: UTF8.self))
    }
}

extension PostgresScalar where Self: RawRepresentable, RawValue: PostgresScalar {
    public static var postgresType: PostgresType { RawValue.postgresType }

    public static func accepts(_ type: PostgresType) -> Bool { RawValue.accepts(type) }

    public func encode(into writer: inout PostgresWriter) { rawValue.encode(into: &writer) }

    public static func decode(_ cell: PostgresCell) throws(PostgresError) -> Self {
        guard let value = Self(rawValue: try RawValue.decode(cell)) else {
            throw PostgresError(.decoding, "a stored value is no \(Self.self)")
        }
        return value
    }
}

/// NULL is nil, and nil is a NULL of the wrapped type.
extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    public static var postgresType: PostgresType { Wrapped.postgresType }

    public func encode(into writer: inout PostgresWriter) {
        if let self { self.encode(into: &writer) } else { writer.isNull = true }
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    public static func decode(_ cell: PostgresCell) throws(PostgresError) -> Wrapped? {
        cell.bytes == nil ? nil : try Wrapped.decode(cell)
    }
}
