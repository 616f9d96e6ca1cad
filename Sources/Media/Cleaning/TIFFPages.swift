/// Searches a TIFF's directories (TIFF 6.0, section 2; BigTIFF as libtiff specifies it) for anything that would be lost if its
/// pages were written anew.
enum TIFFPages {
    private enum Tag {
        static let newSubfileType = 254
        static let orientation = 274
        static let stripByteCounts = 279
        static let tileByteCounts = 325
        /// TIFF Technical Note 1.
        static let subIFDs = 330
        /// The length of an old-style JPEG.
        static let jpegLength = 514
        /// DNG specification, chapter 4.
        static let dngVersion = 50706
    }

    /// The most metadata of an ordinary picture, in bytes: a profile, a preview, a history.
    private static let maxOther = 1 << 20
    /// The most strips and tiles of all pages together: as many as 100 megapixels in tiles of 16 × 16 in three planes.
    private static let maxSegments = 1_200_000

    /// Throws if decoding the pages would lose a picture. A camera's raw file (DNG, NEF, ARW and others are TIFFs) has a
    /// thumbnail as its first page, and the picture in a subdirectory or in the maker's own data. Also throws for more than
    /// `maxPages`, and for several pages of which one has to be turned.
    static func check(_ file: ByteView, maxPages: Int) throws {
        let reader = try Reader(file)
        var pages = 0
        var segments = 0
        var pixelBytes = 0
        var isTurned = false
        var position = try reader.offset(reader.isBig ? 8 : 4)
        while position != 0 {
            pages += 1
            guard pages <= maxPages else { throw MalformedFile() }
            let (entries, next) = try reader.directory(position)
            for entry in entries {
                switch entry.tag {
                case Tag.subIFDs, Tag.dngVersion: throw MalformedFile()
                // The first bit marks a reduced version of another picture in the file.
                case Tag.newSubfileType: if try reader.first(entry) & 1 != 0 { throw MalformedFile() }
                case Tag.orientation: isTurned = try isTurned || reader.first(entry) != 1
                case Tag.stripByteCounts, Tag.tileByteCounts, Tag.jpegLength:
                    guard entry.count <= maxSegments - segments else { throw MalformedFile() }
                    segments += entry.count
                    pixelBytes = min(file.count, pixelBytes + (try reader.sum(entry)))
                default: break
                }
            }
            position = next
        }
        guard pages == 1 || !isTurned, file.count - pixelBytes <= max(maxOther, pixelBytes) else {
            throw MalformedFile()
        }
    }

    private struct Entry {
        let tag: Int
        let type: Int
        let count: Int
        /// The position of the values, or of the offset to them if they need more room.
        let field: Int
    }

    private struct Reader {
        let file: ByteView
        private let isBigEndian: Bool
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
}
