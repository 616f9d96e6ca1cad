/// Reads the directories of a TIFF (TIFF 6.0, section 2; BigTIFF as libtiff specifies it).
struct TIFFReader {
    /// A field of a directory.
    struct Entry {
        let tag: Int
        let type: Int
        let count: Int
        /// The position of the values, or of the offset to them if they need more room.
        let field: Int
    }

    let file: ByteView
    let isBigEndian: Bool
    /// Whether this is a BigTIFF, with counts and offsets of eight bytes.
    let isBig: Bool

    init(_ file: ByteView) throws {
        self.file = file
        isBigEndian = file.has("MM", at: 0)
        guard isBigEndian || file.has("II", at: 0) else { throw MalformedFile() }
        let version = isBigEndian ? try file.bigEndian(2, size: 2) : try file.littleEndian(2, size: 2)
        guard version == 42 || version == 43 else { throw MalformedFile() }
        isBig = version == 43
    }

    func number(_ position: Int, size: Int) throws -> Int {
        isBigEndian ? try file.bigEndian(position, size: size) : try file.littleEndian(position, size: size)
    }

    func offset(_ position: Int) throws -> Int { try number(position, size: isBig ? 8 : 4) }

    /// The entries at `start`, and the position of the next directory; 0 after the last.
    func directory(_ start: Int) throws -> (entries: [Entry], next: Int) {
        let countSize = isBig ? 8 : 2
        let entrySize = isBig ? 20 : 12
        let count = try number(start, size: countSize)
        // libtiff's own bound.
        guard count <= 4096 else { throw MalformedFile() }
        let entries = try (0..<count).map { index in
            let entry = start + countSize + index * entrySize
            return Entry(
                tag: try number(entry, size: 2), type: try number(entry + 2, size: 2),
                count: try offset(entry + 4), field: entry + (isBig ? 12 : 8))
        }
        return (entries, try offset(start + countSize + count * entrySize))
    }

    func first(_ entry: Entry) throws -> Int {
        guard entry.count > 0, let size = Self.size(entry.type) else { throw MalformedFile() }
        return try number(values(entry, size), size: size)
    }

    /// The sum of lengths in bytes, at most the whole file's.
    func sum(_ entry: Entry) throws -> Int {
        guard let size = Self.size(entry.type) else { throw MalformedFile() }
        let start = try values(entry, size)
        return try (0..<entry.count).reduce(0) { sum, index in
            min(file.count, sum + min(file.count, try number(start + index * size, size: size)))
        }
    }

    /// The place of the values, if they are not in the entry itself. Nil for values of an unknown type.
    func remoteValues(_ entry: Entry) throws -> Range<Int>? {
        // BYTE, ASCII, SHORT, LONG, RATIONAL, then the signed ones, FLOAT, DOUBLE, IFD, and those of BigTIFF.
        let sizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8]
        guard sizes.indices.contains(entry.type), sizes[entry.type] > 0, entry.count <= file.count else { return nil }
        let bytes = entry.count * sizes[entry.type]
        if bytes <= (isBig ? 8 : 4) { return entry.field..<entry.field }
        let start = try offset(entry.field)
        guard start <= file.count, bytes <= file.count - start else { return nil }
        return start..<(start + bytes)
    }

    /// All values of a field of whole numbers.
    func all(_ entry: Entry) throws -> [Int] {
        guard let size = Self.size(entry.type), entry.count <= file.count / size else { throw MalformedFile() }
        let start = try values(entry, size)
        return try (0..<entry.count).map { try number(start + $0 * size, size: size) }
    }

    private func values(_ entry: Entry, _ size: Int) throws -> Int {
        entry.count <= (isBig ? 8 : 4) / size ? entry.field : try offset(entry.field)
    }

    /// The bytes of one value: SHORT, LONG, IFD, LONG8, IFD8. Nil for other types, which no field here has.
    private static func size(_ type: Int) -> Int? {
        switch type {
        case 3: 2
        case 4, 13: 4
        case 16, 18: 8
        default: nil
        }
    }
}
