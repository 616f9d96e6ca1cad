/// A value that can be a query's parameter.
public protocol PostgresEncodable: Sendable {
    /// The parameter's type. It also types NULL and empty arrays.
    static var postgresType: PostgresType { get }
    func encode(into writer: inout PostgresWriter)
}

/// A value that can be read from a result's column.
public protocol PostgresDecodable {
    static func decode(_ cell: PostgresCell) throws(PostgresError) -> Self
}

/// A value that is one PostgreSQL value and can be an array's element.
///
/// An enum or wrapper with a scalar raw value conforms by declaration alone: `enum Role: String, PostgresScalar`.
public protocol PostgresScalar: PostgresEncodable, PostgresDecodable, PostgresArrayElement {
    /// Column types this value can be read from.
    static func accepts(_ type: PostgresType) -> Bool
}

extension PostgresScalar {
    public static func accepts(_ type: PostgresType) -> Bool { type == postgresType }
}

/// A PostgreSQL type by its object identifier (`pg_type.oid`; the built-in ones never change).
public struct PostgresType: Hashable, Sendable {
    let oid: UInt32
    init(_ oid: UInt32) { self.oid = oid }

    static let bool = PostgresType(16), bytea = PostgresType(17), char = PostgresType(18), name = PostgresType(19)
    static let int8 = PostgresType(20), int2 = PostgresType(21), int4 = PostgresType(23), text = PostgresType(25)
    static let json = PostgresType(114), float4 = PostgresType(700), float8 = PostgresType(701)
    static let unknown = PostgresType(705), bpchar = PostgresType(1042), varchar = PostgresType(1043)
    static let timestamptz = PostgresType(1184), uuid = PostgresType(2950), jsonb = PostgresType(3802)

    /// The first id of user-defined types: enums, domains over enums, citext and others (`FirstNormalObjectId`).
    var isUserDefined: Bool { oid >= 16_384 }

    private static let arrays: [UInt32: UInt32] = [
        16: 1000, 17: 1001, 18: 1002, 19: 1003, 20: 1016, 21: 1005, 23: 1007, 25: 1009, 114: 199, 700: 1021, 701: 1022,
        1042: 1014, 1043: 1015, 1184: 1185, 2950: 2951, 3802: 3807,
    ]
    private static let elements = Dictionary(uniqueKeysWithValues: arrays.map { ($1, $0) })

    /// The type of an array of this type. Only types of this file are asked.
    var array: PostgresType { PostgresType(Self.arrays[oid] ?? 0) }

    var isArray: Bool { Self.elements[oid] != nil || isUserDefined }
}

/// Collects the bytes of one parameter in PostgreSQL's binary format.
public struct PostgresWriter: Sendable {
    var bytes: [UInt8] = []
    var isNull = false
    /// Why the value has no binary form. The query is then refused before it is sent.
    var refusal: String?

    mutating func write(_ integer: some FixedWidthInteger) {
        withUnsafeBytes(of: integer.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// The bytes of one column of one row, valid while it is decoded.
public struct PostgresCell {
    /// Nil for NULL. Points into the result, which the caller of `decode` keeps alive.
    let bytes: UnsafeRawBufferPointer?
    let type: PostgresType

    func mismatch<T>(_ wanted: T.Type) -> PostgresError {
        PostgresError(.decoding, "type \(type.oid) does not decode as \(T.self)")
    }

    /// The bytes of a value that is not NULL and of a type that `T` accepts.
    func value<T: PostgresScalar>(for wanted: T.Type) throws(PostgresError) -> UnsafeRawBufferPointer {
        guard let bytes else { throw PostgresError(.decoding, "NULL does not decode as \(T.self)") }
        guard T.accepts(type) else { throw mismatch(wanted) }
        return bytes
    }

    /// A big-endian integer that fills the whole value.
    func integer<I: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, as: I.Type) throws(PostgresError) -> I {
        guard bytes.count == MemoryLayout<I>.size else { throw mismatch(I.self) }
        return I(bigEndian: bytes.loadUnaligned(as: I.self))
    }
}
