/// How the bytes of an object are asked for: all at once, as a stream, by a fast reader, because each request costs something;
/// piece by piece by a slow one, because an open answer holds a connection to the store, and a piece does not. Pure.
struct ObjectReading: Equatable, Sendable {
    enum Step: Equatable {
        case stream(Range<Int>)
        case piece(Range<Int>)
    }

    static let minPiece = 256 << 10
    static let maxPiece = 2 << 20
    /// Who takes as long for what came at once, or for a piece, is slow.
    static let slow: Duration = .seconds(1)
    /// How often an answer may break before so many more bytes have come.
    static let maxFailures = 3
    static let progress = 1 << 20

    /// Of the whole object, in bytes.
    let size: Int
    private(set) var offset: Int
    private let end: Int
    /// The store's name of the version of which bytes have come.
    private(set) var tag: String?
    /// Of a slow reader, in bytes; nil: a stream.
    private var piece: Int?
    private var failures = 0
    /// Bytes since the last failure.
    private var passed = 0

    init(_ range: Range<Int>, of size: Int) {
        let range = range.clamped(to: 0..<size)
        self.size = size
        offset = range.lowerBound
        end = range.upperBound
    }

    /// What to ask for; nil at the end.
    var step: Step? {
        guard offset < end else { return nil }
        guard let piece else { return .stream(offset..<end) }
        return .piece(offset..<min(offset + piece, end))
    }

    /// The store has answered.
    /// - Returns: Why its bytes must not be taken; nil if they may be.
    mutating func began(totalSize: Int, tag: String?) -> String? {
        // A damaged file must not be served as if it were whole.
        guard totalSize == size else { return "a stored object has become \(totalSize) bytes long" }
        if let known = self.tag, let tag, tag != known { return "a stored object has changed while it was read" }
        self.tag = self.tag ?? tag
        return nil
    }

    /// There may be no more streams now.
    mutating func isCrowded() { piece = Self.minPiece }

    /// Bytes of the stream, or a whole piece, were passed on.
    /// - Parameter time: How long it took.
    mutating func passed(_ count: Int, in time: Duration) {
        offset += count
        passed += count
        guard time < Self.slow else {
            piece = Self.minPiece
            return
        }
        if let size = piece { piece = size < Self.maxPiece ? 2 * size : nil }
    }

    /// The answer broke.
    /// - Returns: How often in succession; nil: it is given up.
    mutating func failed() -> Int? {
        if passed >= Self.progress { failures = 0 }
        failures += 1
        passed = 0
        return failures <= Self.maxFailures ? failures : nil
    }
}
