/// A plan to rewrite a file without some of its bytes: what to copy and what to replace, in order.
///
/// Cleaners only plan. The writer streams the file, so memory stays constant whatever the size.
struct EditPlan: Equatable {
    enum Piece: Equatable {
        case copy(Range<Int>)
        case literal([UInt8])
        case zeros(Int)
    }

    private(set) var pieces: [Piece] = []

    /// The whole file of this size.
    static func copying(_ size: Int) -> EditPlan {
        var plan = EditPlan()
        plan.copy(0..<size)
        return plan
    }

    /// A plan that changes nothing.
    static func everything(in file: ByteView) -> EditPlan { .copying(file.count) }

    mutating func copy(_ range: Range<Int>) {
        if range.isEmpty { return }
        if case .copy(let last) = pieces.last, last.upperBound == range.lowerBound {
            pieces[pieces.count - 1] = .copy(last.lowerBound..<range.upperBound)
        } else {
            pieces.append(.copy(range))
        }
    }

    mutating func insert(_ bytes: [UInt8]) { pieces.append(.literal(bytes)) }

    mutating func append(_ plan: EditPlan) {
        for piece in plan.pieces {
            if case .copy(let range) = piece { copy(range) } else { pieces.append(piece) }
        }
    }

    /// Whether the result equals the original of `size` bytes.
    func keepsAll(of size: Int) -> Bool { pieces == [.copy(0..<size)] }

    /// A plan that keeps every byte in its place, except these ranges, which become the given bytes or zeros.
    /// Overlapping patches are malformed: the later one would be lost.
    static func patching(size: Int, _ patches: [Patch]) throws -> EditPlan {
        var plan = EditPlan()
        var position = 0
        for patch in patches.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) where !patch.range.isEmpty {
            guard patch.range.lowerBound >= position, patch.range.upperBound <= size else { throw MalformedFile() }
            plan.copy(position..<patch.range.lowerBound)
            plan.pieces.append(patch.bytes.map(Piece.literal) ?? .zeros(patch.range.count))
            position = patch.range.upperBound
        }
        plan.copy(position..<size)
        return plan
    }
}

/// Bytes to overwrite in place.
struct Patch: Equatable {
    let range: Range<Int>
    /// As many bytes as the range has; nil for zeros.
    let bytes: [UInt8]?

    /// Whether the file has different bytes there.
    func changes(_ file: ByteView) -> Bool {
        guard let bytes else { return !file.isZero(range) }
        return (try? file.slice(range.lowerBound, range.count).elementsEqual(bytes)) != true
    }

    static func zero(_ range: Range<Int>) -> Patch { Patch(range: range, bytes: nil) }

    static func replace(at offset: Int, with text: StaticString) -> Patch {
        let bytes = text.withUTF8Buffer { [UInt8]($0) }
        return Patch(range: offset..<(offset + bytes.count), bytes: bytes)
    }
}
