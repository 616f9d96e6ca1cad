/// Removes metadata from a TIFF without decoding it: pages of any number, size and coding stay as they are. Directories keep
/// the fields that a decoder needs; every byte that no field refers to becomes zero.
enum TIFFCleaner {
    /// What decoders need: size, coding, colors, strips, tiles, orientation, resolution, page numbers, the profile.
    private static let kept: Set<Int> = [
        254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 290, 291, 292,
        293,
        296, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 332, 334, 336, 338, 339, 340, 341, 347, 529, 530,
        531,
        532, 34675,
    ]
    private enum Tag {
        static let compression = 259
        static let places: [Int: Int] = [273: 279, 324: 325]
    }
    /// A whole JPEG stands in the file, with metadata of its own (TIFF 6.0, section 22).
    private static let oldJPEG = 6

    static func plan(_ file: ByteView) throws -> EditPlan {
        let reader = try TIFFReader(file)
        var coverage = Coverage(size: file.count)
        let header = reader.isBig ? 16 : 8
        try coverage.add(0, count: header)
        var patches: [Patch] = []
        var seen: Set<Int> = []
        var position = try reader.offset(reader.isBig ? 8 : 4)
        while position != 0 {
            guard seen.insert(position).inserted, seen.count <= maxPages else { throw MalformedFile() }
            let (entries, next) = try reader.directory(position)
            let kept = entries.filter { Self.kept.contains($0.tag) }
            try cover(kept, reader, &coverage)
            let countSize = reader.isBig ? 8 : 2
            let entrySize = reader.isBig ? 20 : 12
            let size = countSize + entries.count * entrySize + (reader.isBig ? 8 : 4)
            try coverage.add(position, count: size)
            if kept.count < entries.count {
                patches.append(
                    Patch(
                        range: position..<(position + size),
                        bytes: try directory(kept, of: entries.count, at: position, reader)))
            }
            position = next
        }
        guard !seen.isEmpty else { throw MalformedFile() }
        let gaps = coverage.gaps(in: [0..<file.count])
        // What no field refers to at the end is cut.
        let end = gaps.last?.upperBound == file.count ? gaps.last?.lowerBound ?? file.count : file.count
        patches += gaps.filter { $0.upperBound <= end }.map(Patch.zero)
        return try EditPlan.patching(size: end, patches.filter { $0.changes(file) })
    }

    /// More pages than any picture here may have.
    private static let maxPages = 1000

    /// The directory with only these fields, in as many bytes.
    private static func directory(
        _ kept: [TIFFReader.Entry], of count: Int, at start: Int, _ reader: TIFFReader
    ) throws -> [UInt8] {
        let file = reader.file
        let countSize = reader.isBig ? 8 : 2
        let entrySize = reader.isBig ? 20 : 12
        let number = (0..<countSize).map { UInt8(truncatingIfNeeded: kept.count >> ($0 * 8)) }
        var bytes = reader.isBigEndian ? number.reversed() : number
        for entry in kept {
            bytes += Array(try file.slice(entry.field - (reader.isBig ? 12 : 8), entrySize))
        }
        bytes += Array(try file.slice(start + countSize + count * entrySize, reader.isBig ? 8 : 4))
        return bytes + [UInt8](repeating: 0, count: (count - kept.count) * entrySize)
    }

    private static func cover(_ entries: [TIFFReader.Entry], _ reader: TIFFReader, _ coverage: inout Coverage) throws {
        for entry in entries {
            guard let values = try reader.remoteValues(entry) else { throw MalformedFile() }
            try coverage.add(values.lowerBound, count: values.count)
            if entry.tag == Tag.compression, try reader.first(entry) == oldJPEG { throw MalformedFile() }
            guard let sizes = Tag.places[entry.tag] else { continue }
            guard let sizes = entries.first(where: { $0.tag == sizes }), sizes.count == entry.count else {
                throw MalformedFile()
            }
            for (place, size) in zip(try reader.all(entry), try reader.all(sizes)) {
                try coverage.add(min(place, Int.max >> 1), count: min(size, Int.max >> 2))
            }
        }
    }
}
