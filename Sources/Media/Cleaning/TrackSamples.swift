/// The positions of a track's samples in the file, by its sample tables (ISO/IEC 14496-12, section 8.7).
struct TrackSamples {
    private let file: ByteView
    private let tables: [String: ISOBox]
    private let soundFrame: SoundFrame?
    /// More samples than the longest recording has at the highest rates. A table that claims more is refused.
    private static let maxSamples = 20_000_000

    /// `trackBoxes` are the children of a `trak`.
    init(_ file: ByteView, _ trackBoxes: [ISOBox], _ descriptions: SampleDescriptions) throws {
        var boxes = trackBoxes
        for type in ["mdia", "minf", "stbl"] {
            guard let box = boxes.first(where: { $0.type == type }) else { throw MalformedFile() }
            boxes = try ISOBox.list(file, in: box.content, tolerant: true)
        }
        self.file = file
        tables = Dictionary(boxes.map { ($0.type, $0) }, uniquingKeysWith: { first, _ in first })
        soundFrame = descriptions == .sound ? tables["stsd"].flatMap { SoundFrame(file, $0) } : nil
    }

    /// Adds each chunk of samples.
    func cover(_ coverage: inout Coverage) throws {
        guard let (box, size) = tables["co64"].map({ ($0, 8) }) ?? tables["stco"].map({ ($0, 4) }) else { return }
        let chunks = try entryCount(box, at: 4, entrySize: size)
        if chunks == 0 { return }
        let runs = try table("stsc")
        let runCount = try entryCount(runs, at: 4, entrySize: 12)
        var sizes = try SampleSizes(file, tables, limit: Self.maxSamples)
        var run = 0
        func field(_ run: Int, _ offset: Int) throws -> Int {
            try file.bigEndian(runs.content.lowerBound + 8 + run * 12 + offset, size: 4)
        }
        for chunk in 0..<chunks {
            while run + 1 < runCount, try field(run + 1, 0) <= chunk + 1 { run += 1 }
            guard run < runCount else { throw MalformedFile() }
            let samples = try field(run, 4)
            let bytes = max(try sizes.next(samples), sizes.isFixed ? soundFrame?.bytes(samples) ?? 0 : 0)
            try coverage.add(file.bigEndian(box.content.lowerBound + 8 + chunk * size, size: size), count: bytes)
        }
    }

    private func table(_ type: String) throws -> ISOBox {
        guard let box = tables[type] else { throw MalformedFile() }
        return box
    }

    /// The count that a table claims, if the table is that long.
    private func entryCount(_ box: ISOBox, at offset: Int, entrySize: Int) throws -> Int {
        let count = try file.bigEndian(box.content.lowerBound + offset, size: 4)
        guard count <= Self.maxSamples, box.content.count >= offset + 4 + count * entrySize else {
            throw MalformedFile()
        }
        return count
    }
}

/// A track's sample sizes, read in order: `stsz`, or the compact `stz2`.
private struct SampleSizes {
    private let file: ByteView
    private let start: Int
    private let fixed: Int
    /// The bits of an entry.
    private let bits: Int
    private let count: Int
    private var index = 0

    init(_ file: ByteView, _ tables: [String: ISOBox], limit: Int) throws {
        guard let box = tables["stsz"] ?? tables["stz2"] else { throw MalformedFile() }
        self.file = file
        let isCompact = box.type == "stz2"
        start = box.content.lowerBound + 12
        let size = try file.bigEndian(box.content.lowerBound + 4, size: 4)
        (fixed, bits) = isCompact ? (0, size & 0xFF) : (size, 32)
        count = try file.bigEndian(box.content.lowerBound + 8, size: 4)
        guard [4, 8, 16, 32].contains(bits), count <= limit else { throw MalformedFile() }
        guard fixed != 0 || box.content.count >= 12 + (count * bits + 7) / 8 else { throw MalformedFile() }
    }

    var isFixed: Bool { fixed != 0 }

    /// The total bytes of the next `wanted` samples, or of as many as there are.
    mutating func next(_ wanted: Int) throws -> Int {
        let end = min(count, index + wanted)
        defer { index = end }
        if isFixed { return fixed * (end - index) }
        return try (index..<end).reduce(0) { try $0 + entry($1) }
    }

    private func entry(_ index: Int) throws -> Int {
        if bits >= 8 { return try file.bigEndian(start + index * bits / 8, size: bits / 8) }
        let pair = Int(try file.byte(start + index / 2))
        return index.isMultiple(of: 2) ? pair >> 4 : pair & 15
    }
}

/// The bytes of sound whose tables count single frames of one size. The table then does not hold that size (QuickTime File
/// Format, "Sound Sample Descriptions").
private struct SoundFrame {
    /// How many bytes hold how many frames.
    private let bytes: Int
    private let frames: Int

    /// Nil if the description does not say.
    init?(_ file: ByteView, _ descriptions: ISOBox) {
        let entry = descriptions.content.lowerBound + 8
        func field(_ offset: Int, _ size: Int = 2) -> Int { (try? file.bigEndian(entry + offset, size: size)) ?? 0 }
        let isQuickTime = (try? file.byte(descriptions.content.lowerBound)) == 0
        switch field(16) {
        case 1 where isQuickTime && field(36, 4) > 0 && field(44, 4) > 0: (bytes, frames) = (field(44, 4), field(36, 4))
        case 2 where isQuickTime && field(68, 4) > 0 && field(64, 4) > 0: (bytes, frames) = (field(64, 4), field(68, 4))
        default: (bytes, frames) = (field(24) * ((field(26) + 7) / 8), 1)
        }
        guard bytes > 0 else { return nil }
    }

    func bytes(_ count: Int) -> Int {
        let (product, overflow) = count.multipliedReportingOverflow(by: bytes)
        return overflow || product == 0 ? 0 : (product - 1) / frames + 1
    }
}
