internal import Glibc

/// The bytes of a file, for parsers of untrusted formats. Reading outside throws instead of trapping.
struct ByteView {
    private let bytes: UnsafeRawBufferPointer

    /// `bytes` must outlive the view.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var count: Int { bytes.count }

    func byte(_ offset: Int) throws -> UInt8 {
        guard bytes.indices.contains(offset) else { throw MalformedFile() }
        return bytes[offset]
    }

    /// An unsigned integer of `size` bytes, 0 to 8, most significant first. A value beyond `Int` is malformed.
    func bigEndian(_ offset: Int, size: Int) throws -> Int {
        let value = try slice(offset, size).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        guard let value = Int(exactly: value) else { throw MalformedFile() }
        return value
    }

    /// Like `bigEndian`, with the least significant byte first.
    func littleEndian(_ offset: Int, size: Int) throws -> Int {
        let value = try slice(offset, size).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        guard let value = Int(exactly: value) else { throw MalformedFile() }
        return value
    }

    func slice(_ offset: Int, _ size: Int) throws -> Slice<UnsafeRawBufferPointer> {
        guard offset >= 0, size >= 0, size <= count, offset <= count - size else { throw MalformedFile() }
        return bytes[offset..<(offset + size)]
    }

    func has(_ text: StaticString, at offset: Int) -> Bool {
        guard let slice = try? slice(offset, text.utf8CodeUnitCount) else { return false }
        return text.withUTF8Buffer { slice.elementsEqual($0) }
    }

    /// Whether a range holds only zeros; false for a range outside the file.
    func isZero(_ range: Range<Int>) -> Bool {
        guard let slice = try? slice(range.lowerBound, range.count) else { return false }
        guard let base = slice.base.baseAddress, let first = slice.first else { return true }
        // Every byte equals the previous one.
        let start = base + range.lowerBound
        return first == 0 && memcmp(start, start + 1, range.count - 1) == 0
    }

    /// A code of four ASCII characters, as in RIFF, PNG and ISO base media files.
    func fourCC(_ offset: Int) throws -> String { String(decoding: try slice(offset, 4), as: UTF8.self) }

    /// The first position at or after `offset` that holds `byte`.
    func first(_ byte: UInt8, from offset: Int) -> Int? {
        guard offset >= 0, offset < count else { return nil }
        guard let base = bytes.baseAddress, let found = memchr(base + offset, Int32(byte), count - offset) else {
            return nil
        }
        return UnsafeRawPointer(found) - base
    }
}

/// The bytes violate their format, so nothing can be cut out safely.
struct MalformedFile: Error {}
