/// The positions of a fragmented movie's samples (ISO/IEC 14496-12, section 8.8).
struct FragmentSamples {
    private let file: ByteView
    /// The ids of the tracks to keep.
    private let tracks: Set<Int>
    private var defaultSizes: [Int: Int] = [:]
    /// Larger than any file, and small enough that sums of a few do not overflow.
    private static let maxOffset = 1 << 48

    init(file: ByteView, tracks: Set<Int>) {
        self.file = file
        self.tracks = tracks
    }

    /// Reads `mvex`. Returns the boxes in it that belong to other tracks, by their start.
    mutating func readDefaults(_ box: ISOBox) throws -> Set<Int> {
        var others: Set<Int> = []
        for child in try ISOBox.list(file, in: box.content, tolerant: true) where child.type == "trex" {
            let id = try file.bigEndian(child.content.lowerBound + 4, size: 4)
            if tracks.contains(id) {
                defaultSizes[id] = try file.bigEndian(child.content.lowerBound + 16, size: 4)
            } else {
                others.insert(child.range.lowerBound)
            }
        }
        return others
    }

    /// Adds the samples of one `moof`. Returns the boxes in it that belong to other tracks, by their start.
    func cover(_ fragment: ISOBox, _ coverage: inout Coverage) throws -> Set<Int> {
        var others: Set<Int> = []
        // Without an explicit position, a track's data follows that of the previous track.
        var position = fragment.range.lowerBound
        for box in try ISOBox.list(file, in: fragment.content, tolerant: true) where box.type == "traf" {
            let boxes = try ISOBox.list(file, in: box.content, tolerant: true)
            guard let header = boxes.first(where: { $0.type == "tfhd" }) else { throw MalformedFile() }
            let track = try TrackHeader(file, header, fragment: fragment.range.lowerBound)
            guard tracks.contains(track.id) else {
                others.insert(box.range.lowerBound)
                continue
            }
            // Once an earlier track is erased, a reader would look for this track's data in the wrong place.
            guard track.base != nil || others.isEmpty else { throw MalformedFile() }
            let base = track.base ?? position
            position = base
            for run in boxes where run.type == "trun" {
                let defaultSize = track.defaultSize ?? defaultSizes[track.id] ?? 0
                position = try cover(run, base: base, position, defaultSize, &coverage)
            }
        }
        return others
    }

    /// Section 8.8.8. Returns where the run ends.
    private func cover(
        _ run: ISOBox, base: Int, _ position: Int, _ defaultSize: Int, _ coverage: inout Coverage
    ) throws -> Int {
        var fields = BoxFields(file: file, position: run.content.lowerBound, end: run.content.upperBound)
        let flags = try fields.take(4)
        let count = try fields.take(4)
        var start = position
        if flags & 0x1 != 0 { start = base + Int(Int32(truncatingIfNeeded: try fields.take(4))) }
        if flags & 0x4 != 0 { try fields.skip(4) }
        guard start >= 0 else { throw MalformedFile() }
        let (before, after) = (flags & 0x100 == 0 ? 0 : 4, (flags & 0x400 == 0 ? 0 : 4) + (flags & 0x800 == 0 ? 0 : 4))
        var (bytes, overflow) = count.multipliedReportingOverflow(by: defaultSize)
        if flags & 0x200 != 0 {
            (bytes, overflow) = (0, false)
            for _ in 0..<count {
                try fields.skip(before)
                bytes += try fields.take(4)
                try fields.skip(after)
            }
        }
        guard !overflow, bytes <= Self.maxOffset else { throw MalformedFile() }
        try coverage.add(start, count: bytes)
        return min(start + bytes, Self.maxOffset)
    }

    /// Section 8.8.7.
    private struct TrackHeader {
        let id: Int
        /// The base of the track's data offsets; nil for the end of the previous track.
        let base: Int?
        let defaultSize: Int?

        init(_ file: ByteView, _ box: ISOBox, fragment: Int) throws {
            var fields = BoxFields(file: file, position: box.content.lowerBound, end: box.content.upperBound)
            let flags = try fields.take(4)
            id = try fields.take(4)
            let place = flags & 0x1 == 0 ? nil : try fields.take(8)
            if flags & 0x2 != 0 { try fields.skip(4) }
            if flags & 0x8 != 0 { try fields.skip(4) }
            defaultSize = flags & 0x10 == 0 ? nil : try fields.take(4)
            guard place ?? 0 <= FragmentSamples.maxOffset else { throw MalformedFile() }
            base = place ?? (flags & 0x2_0000 == 0 ? nil : fragment)
        }
    }
}
