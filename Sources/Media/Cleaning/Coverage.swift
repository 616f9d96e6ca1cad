/// The parts of a file that are known to be picture or sound. Everything between them is erased.
struct Coverage {
    private var ranges: [Range<Int>] = []
    private let size: Int
    /// Many times the chunks of the longest recording; a file that is cut up finer is not followed.
    private static let maxRanges = 4_000_000

    /// `size` is the file's, in bytes.
    init(size: Int) { self.size = size }

    /// Adds `count` bytes at `start`, as far as they are in the file.
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

    /// What is not covered of each of these places, which do not overlap, in ascending order.
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
