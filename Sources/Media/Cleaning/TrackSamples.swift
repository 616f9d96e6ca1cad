/// Where a track's samples stand in the file, by its sample tables (ISO/IEC 14496-12, section 8.7).
struct TrackSamples {
    private let tables: [String: ISOBox]
    /// More samples than the longest recording has at the highest rates; a table that claims more is not followed.
    private static let maxSamples = 20_000_000

    /// `trackBoxes` are the children of a `trak`.
    init(_ file: ByteView, _ trackBoxes: [ISOBox]) throws {
        var boxes = trackBoxes
        for type in ["mdia", "minf", "stbl"] {
            guard let box = boxes.first(where: { $0.type == type }) else { throw MalformedFile() }
            boxes = try ISOBox.list(file, in: box.content, tolerant: true)
        }
        tables = Dictionary(boxes.map { ($0.type, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// One range for each chunk of samples, clipped to the file.
    func ranges(in file: ByteView) throws -> [Range<Int>] {
        let chunks = try chunkOffsets(file)
        if chunks.isEmpty { return [] }
        let runs = try samplesPerChunk(file)
        var sizes = try SampleSizes(file, try table("stsz"), limit: Self.maxSamples)
        var ranges: [Range<Int>] = []
        var run = 0
        for (index, offset) in chunks.enumerated() {
            while run + 1 < runs.count, runs[run + 1].firstChunk <= index + 1 { run += 1 }
            guard run < runs.count else { throw MalformedFile() }
            let (end, overflow) = offset.addingReportingOverflow(try sizes.next(runs[run].samples))
            guard !overflow else { throw MalformedFile() }
            let clipped = (offset..<max(offset, end)).clamped(to: 0..<file.count)
            if !clipped.isEmpty { ranges.append(clipped) }
        }
        return ranges
    }

    private func table(_ type: String) throws -> ISOBox {
        guard let box = tables[type] else { throw MalformedFile() }
        return box
    }

    private func chunkOffsets(_ file: ByteView) throws -> [Int] {
        let (box, size) = try tables["co64"].map { ($0, 8) } ?? (table("stco"), 4)
        let count = try entryCount(file, box, at: 4, entrySize: size)
        return try (0..<count).map { try file.bigEndian(box.content.lowerBound + 8 + $0 * size, size: size) }
    }

    private func samplesPerChunk(_ file: ByteView) throws -> [(firstChunk: Int, samples: Int)] {
        let box = try table("stsc")
        let count = try entryCount(file, box, at: 4, entrySize: 12)
        return try (0..<count).map { entry in
            let offset = box.content.lowerBound + 8 + entry * 12
            return (try file.bigEndian(offset, size: 4), try file.bigEndian(offset + 4, size: 4))
        }
    }

    /// The count that a table claims, when the table is as long as that.
    private func entryCount(_ file: ByteView, _ box: ISOBox, at offset: Int, entrySize: Int) throws -> Int {
        let count = try file.bigEndian(box.content.lowerBound + offset, size: 4)
        guard count <= Self.maxSamples, box.content.count >= offset + 4 + count * entrySize else {
            throw MalformedFile()
        }
        return count
    }
}

/// A track's sample sizes, taken in order.
private struct SampleSizes {
    private let file: ByteView
    private let start: Int
    private let fixed: Int
    private var remaining: Int
    private var index = 0

    init(_ file: ByteView, _ box: ISOBox, limit: Int) throws {
        self.file = file
        start = box.content.lowerBound + 12
        fixed = try file.bigEndian(box.content.lowerBound + 4, size: 4)
        remaining = try file.bigEndian(box.content.lowerBound + 8, size: 4)
        let tableBytes = fixed == 0 ? remaining * 4 : 0
        guard remaining <= limit, box.content.count >= 12 + tableBytes else { throw MalformedFile() }
    }

    /// The bytes of the next `count` samples together.
    mutating func next(_ count: Int) throws -> Int {
        guard count <= remaining else { throw MalformedFile() }
        defer { (remaining, index) = (remaining - count, index + count) }
        if fixed != 0 { return fixed * count }
        return try (index..<(index + count)).reduce(0) { try $0 + file.bigEndian(start + $1 * 4, size: 4) }
    }
}
