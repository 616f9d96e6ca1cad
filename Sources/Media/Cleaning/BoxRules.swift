/// Which part of a box is kept. Boxes are kept by name: a box that no rule names becomes free space of the same size.
indirect enum BoxRule: Sendable {
    /// The whole box.
    case leaf
    /// The child boxes, after `header` bytes of the box itself.
    case boxes([String: BoxRule], header: Int = 0)
    /// `mvhd`, `tkhd`, `mdhd`: without the times of creation and modification (ISO/IEC 14496-12, sections 8.2.2, 8.3.2, 8.4.2).
    case times
    /// `hdlr`: without the handler's name, into which cameras write their own name (section 8.4.3).
    case handler
    /// `dref`: this file only (section 8.7.2).
    case dataReferences
    /// `dfLa`: a FLAC's settings without its comments and covers ("Encapsulation of FLAC in ISO Base Media File Format",
    /// section 3.3.2).
    case flacBlocks
    /// `stsd`.
    case sampleDescriptions(SampleDescriptions)

    static func leaves(_ names: [String]) -> [String: BoxRule] {
        Dictionary(names.map { ($0, .leaf) }, uniquingKeysWith: { $1 })
    }
}

/// Applies rules to the boxes of a file.
struct BoxCleaner {
    let file: ByteView
    /// Boxes to erase although a rule names them, by their start.
    var removed: Set<Int> = []

    func patches(_ boxes: [ISOBox], _ rules: [String: BoxRule]) throws -> [Patch] {
        try boxes.flatMap { box in
            guard !removed.contains(box.range.lowerBound), let rule = rules[box.type] else { return erase(box) }
            return try patches(box, rule)
        }
    }

    private func patches(_ box: ISOBox, _ rule: BoxRule) throws -> [Patch] {
        let content = box.content
        switch rule {
        case .leaf: return []
        case .boxes(let rules, let header):
            return try patches(children(from: content.lowerBound + header, of: box), rules)
        case .times:
            let isLong = try file.byte(content.lowerBound) == 1
            return [.zero(part(of: content, at: 4, count: isLong ? 16 : 8))]
        case .handler:
            // Version, flags, QuickTime's component type and the handler are kept.
            return [.zero(part(of: content, at: 12, count: content.count))]
        case .dataReferences: return try dataReferences(box)
        case .flacBlocks: return try FLACCleaner.patches(file, in: part(of: content, at: 4, count: content.count))
        case .sampleDescriptions(let descriptions): return try descriptions.patches(box, self)
        }
    }

    /// The boxes from `start` to the end of `box`, and the patch for a rest that is no box.
    func patches(_ children: (boxes: [ISOBox], rest: Range<Int>), _ rules: [String: BoxRule]) throws -> [Patch] {
        try patches(children.boxes, rules) + [.zero(children.rest)]
    }

    func children(from start: Int, of box: ISOBox) throws -> (boxes: [ISOBox], rest: Range<Int>) {
        guard start <= box.content.upperBound else { throw MalformedFile() }
        let boxes = try ISOBox.list(file, in: start..<box.content.upperBound, tolerant: true)
        return (boxes, (boxes.last?.range.upperBound ?? start)..<box.content.upperBound)
    }

    /// QuickTime's references name the author's disk and directories even where the data is in the file itself.
    private func dataReferences(_ box: ISOBox) throws -> [Patch] {
        let entries = try children(from: box.content.lowerBound + 8, of: box)
        return [.zero(entries.rest)]
            + (try entries.boxes.map { entry in
                let isThisFile = try file.bigEndian(entry.content.lowerBound, size: 4) & 1 == 1
                let place = part(of: entry.content, at: 4, count: entry.content.count)
                // Tables that refer to another file say nothing about this file's bytes.
                guard isThisFile || file.isZero(place) else { throw MalformedFile() }
                return .zero(place)
            })
    }

    /// Erases a box. Free space keeps its header, so a clean file stays unchanged byte for byte.
    private func erase(_ box: ISOBox) -> [Patch] {
        ISOBox.space.contains(box.type) ? [.zero(box.content)] : box.erased
    }

    /// At most `count` bytes.
    func part(of range: Range<Int>, at offset: Int, count: Int) -> Range<Int> {
        let start = min(range.lowerBound + offset, range.upperBound)
        return start..<min(start + count, range.upperBound)
    }
}
