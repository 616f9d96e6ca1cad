/// The parts of a file that are known to be picture or sound. Everything between them is erased.
struct Coverage {
    private var ranges: [Range<Int>] = []
    private let size: Int
    /// Many times the number of chunks in the longest recording. A file with more is refused.
    private static let maxRanges = 4_000_000

    /// `size` is the file's size in bytes.
    init(size: Int) { self.size = size }

    /// Adds those of `count` bytes at `start` that lie in the file.
    mutating func add(_ start: Int, count: Int) throws {
        let (end, overflow) = start.addingReportingOverflow(count)
        guard !overflow, count >= 0 else { throw MalformedFile() }
        let range = (start..<end).clamped(to: 0..<size)
        if range.isEmpty { return }
        if let last = ranges.last, last.upperBound == range.lowerBound {
            ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
        } else {
            guard ranges.count < Self.maxRanges else { throw MalformedFile() }
            ranges.append(range)
        }
    }

    /// The covered parts, as they were added.
    var parts: [Range<Int>] { ranges }

    /// The uncovered parts of these ranges, which do not overlap, in ascending order.
    func gaps(in places: [Range<Int>]) -> [Range<Int>] {
        let covered = ranges.sorted { $0.lowerBound < $1.lowerBound }
        var next = 0
        var gaps: [Range<Int>] = []
        var position = 0
        for place in places.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            position = max(position, place.lowerBound)
            while next < covered.count, covered[next].lowerBound < place.upperBound {
                if covered[next].lowerBound > position { gaps.append(position..<covered[next].lowerBound) }
                position = max(position, covered[next].upperBound)
                next += 1
            }
            if position < place.upperBound { gaps.append(position..<place.upperBound) }
        }
        return gaps
    }
}
