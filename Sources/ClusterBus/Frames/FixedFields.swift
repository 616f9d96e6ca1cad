internal import Foundation
internal import NIOCore

/// Numbers and ids in a fixed number of bytes, written as text.
struct FixedFieldsWriter {
    private var bytes: UnsafeMutableRawBufferPointer
    private var place = 0

    /// Writes `count` bytes, a multiple of three, that `body` fills.
    static func write(_ count: Int, to buffer: inout ByteBuffer, _ body: (inout FixedFieldsWriter) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { bytes in
            var writer = FixedFieldsWriter(bytes: bytes)
            body(&writer)
            assert(writer.place == count)
            Base64Text.write(UnsafeRawBufferPointer(bytes), to: &buffer)
        }
    }

    mutating func number(_ value: UInt64, bytes count: Int) {
        for index in 0..<count {
            bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(count - 1 - index)))
        }
        place += count
    }

    mutating func uuid(_ value: UUID) {
        withUnsafeBytes(of: value.uuid) {
            UnsafeMutableRawBufferPointer(rebasing: bytes[place...]).copyMemory(from: $0)
        }
        place += 16
    }
}

struct FixedFieldsReader {
    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    /// Reads `count` bytes, a multiple of three.
    /// - Returns: Nil if they are not there, or not as they are written.
    static func read<Value>(
        _ count: Int, from buffer: inout ByteBuffer, _ body: (inout FixedFieldsReader) -> Value?
    ) -> Value? {
        let length = count / 3 * 4
        guard buffer.readableBytes >= length else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { bytes in
            let isText = buffer.readWithUnsafeReadableBytes { text in
                (length, Base64Text.read(UnsafeRawBufferPointer(rebasing: text[..<length]), into: bytes))
            }
            guard isText else { return nil }
            var reader = FixedFieldsReader(bytes: UnsafeRawBufferPointer(bytes))
            return body(&reader)
        }
    }

    mutating func number(bytes count: Int) -> UInt64 {
        defer { place += count }
        return bytes[place..<place + count].reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func uuid() -> UUID {
        defer { place += 16 }
        return UUID(uuid: bytes.loadUnaligned(fromByteOffset: place, as: uuid_t.self))
    }

    /// A number that is not negative.
    mutating func count(bytes count: Int) -> Int? { Int(exactly: number(bytes: count)) }
}
