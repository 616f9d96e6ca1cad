/// What an array can hold: a scalar, an optional scalar (an element may be NULL), or bytes (an array of `UInt8` is one
/// `bytea`).
public protocol PostgresArrayElement: Sendable {
    static var postgresArrayType: PostgresType { get }
    static func encodeArray(_ elements: [Self], into writer: inout PostgresWriter)
    static func decodeArray(_ cell: PostgresCell) throws(PostgresError) -> [Self]
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
    public static var postgresType: PostgresType { Element.postgresArrayType }
    public func encode(into writer: inout PostgresWriter) { Element.encodeArray(self, into: &writer) }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
    public static func decode(_ cell: PostgresCell) throws(PostgresError) -> [Element] {
        try Element.decodeArray(cell)
    }
}

extension PostgresScalar {
    public static var postgresArrayType: PostgresType { postgresType.array }

    public static func encodeArray(_ elements: [Self], into writer: inout PostgresWriter) {
        ArrayFormat.encode(elements, as: postgresType, into: &writer)
    }

    public static func decodeArray(_ cell: PostgresCell) throws(PostgresError) -> [Self] {
        try ArrayFormat.decode(cell)
    }
}

extension Optional: PostgresArrayElement where Wrapped: PostgresScalar {
    public static var postgresArrayType: PostgresType { Wrapped.postgresArrayType }

    public static func encodeArray(_ elements: [Self], into writer: inout PostgresWriter) {
        ArrayFormat.encode(elements, as: Wrapped.postgresType, into: &writer)
    }

    public static func decodeArray(_ cell: PostgresCell) throws(PostgresError) -> [Self] {
        try ArrayFormat.decode(cell)
    }
}

extension UInt8: PostgresArrayElement {
    public static var postgresArrayType: PostgresType { .bytea }

    public static func encodeArray(_ elements: [UInt8], into writer: inout PostgresWriter) {
        writer.bytes.append(contentsOf: elements)
    }

    public static func decodeArray(_ cell: PostgresCell) throws(PostgresError) -> [UInt8] {
        guard let bytes = cell.bytes, cell.type == .bytea else { throw cell.mismatch([UInt8].self) }
        return [UInt8](bytes)
    }
}

/// One-dimensional arrays in PostgreSQL's binary format (`array_recv`): dimensions, whether there are NULLs, the
/// element type, the count, the lower bound, then each element with its length, -1 for NULL.
private enum ArrayFormat {
    static let headerSize = 12
    static let dimensionSize = 8

    static func encode<Element: PostgresEncodable>(
        _ elements: [Element], as type: PostgresType, into writer: inout PostgresWriter
    ) {
        guard let count = Int32(exactly: elements.count) else {
            writer.refusal = "an array has more than 2^31 elements"
            return
        }
        writer.write(Int32(count == 0 ? 0 : 1))
        // The server computes this flag itself (array_recv), so no separate pass for NULLs is needed.
        writer.write(Int32(0))
        writer.write(type.oid)
        guard count > 0 else { return }
        writer.write(count)
        writer.write(Int32(1))
        for element in elements {
            let lengthOffset = writer.bytes.count
            writer.write(Int32(-1))
            element.encode(into: &writer)
            if writer.isNull {
                writer.isNull = false
            } else {
                writer.patchLength(at: lengthOffset)
            }
        }
    }

    static func decode<Element: PostgresDecodable>(_ cell: PostgresCell) throws(PostgresError) -> [Element] {
        guard let bytes = cell.bytes else { throw PostgresError(.decoding, "NULL does not decode as an array") }
        guard cell.type.isArray else { throw cell.mismatch([Element].self) }
        var reader = Reader(bytes: bytes)
        let dimensions = try reader.readInt32()
        _ = try reader.readInt32()
        let type = PostgresType(UInt32(bitPattern: try reader.readInt32()))
        if dimensions == 0 { return [] }
        guard dimensions == 1 else { throw PostgresError(.decoding, "an array has \(dimensions) dimensions") }
        let count = Int(try reader.readInt32())
        _ = try reader.readInt32()
        // Each element takes at least four bytes, so a wrong count cannot reserve much memory.
        guard count >= 0, count <= bytes.count / 4 else { throw cell.mismatch([Element].self) }
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count {
            elements.append(try Element.decode(PostgresCell(bytes: try reader.readElement(), type: type)))
        }
        return elements
    }

    private struct Reader {
        let bytes: UnsafeRawBufferPointer
        var offset = 0

        mutating func readInt32() throws(PostgresError) -> Int32 {
            let field = try read(4)
            return Int32(bigEndian: field.loadUnaligned(as: Int32.self))
        }

        mutating func readElement() throws(PostgresError) -> UnsafeRawBufferPointer? {
            let length = try readInt32()
            return length == -1 ? nil : try read(Int(length))
        }

        private mutating func read(_ count: Int) throws(PostgresError) -> UnsafeRawBufferPointer {
            guard count >= 0, count <= bytes.count - offset else {
                throw PostgresError(.decoding, "an array is cut short")
            }
            defer { offset += count }
            return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
        }
    }
}

extension PostgresWriter {
    /// Writes the number of bytes that follow the four at `offset` into those four.
    fileprivate mutating func patchLength(at offset: Int) {
        guard let length = Int32(exactly: bytes.count - offset - 4) else {
            refusal = "an array's element is larger than 2 GiB"
            return
        }
        withUnsafeBytes(of: length.bigEndian) { field in
            for index in 0..<4 { bytes[offset + index] = field[index] }
        }
    }
}
