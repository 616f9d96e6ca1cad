/// An element of EBML (RFC 8794): WebM and Matroska consist of them.
struct EBMLElement {
    let id: UInt32
    /// Header and content.
    let range: Range<Int>
    let content: Range<Int>
    /// Whether its writer did not know its size: it goes on to the next element of its level.
    var hasUnknownSize = false

    /// An element without content, which readers skip.
    static let void: UInt32 = 0xEC
    static let checksum: UInt32 = 0xBF

    /// Nil if there is no header here. An element that is longer than the space is cut off by its end.
    static func read(_ file: ByteView, at start: Int, limit: Int) -> EBMLElement? {
        guard start < limit, let first = try? file.byte(start) else { return nil }
        let idLength = first.leadingZeroBitCount + 1
        guard idLength <= 4, start + idLength < limit, let id = try? file.bigEndian(start, size: idLength),
            let size = try? file.byte(start + idLength)
        else { return nil }
        let sizeLength = size.leadingZeroBitCount + 1
        let begin = start + idLength + sizeLength
        guard sizeLength <= 8, begin <= limit, let coded = try? file.bigEndian(start + idLength, size: sizeLength)
        else {
            return nil
        }
        let mask = (1 << (7 * sizeLength)) - 1
        let length = coded & mask
        let isUnknown = length == mask
        let end = isUnknown ? limit : min(limit, length > limit - begin ? limit : begin + length)
        return EBMLElement(
            id: UInt32(id), range: start..<end, content: begin..<end, hasUnknownSize: isUnknown)
    }

    /// The elements in `space`; bytes that are none end the list.
    static func list(_ file: ByteView, in space: Range<Int>) -> [EBMLElement] {
        var elements: [EBMLElement] = []
        var position = space.lowerBound
        while elements.count < maxElements, let element = read(file, at: position, limit: space.upperBound) {
            elements.append(element)
            position = element.range.upperBound
        }
        return elements
    }

    /// Elements on one level: many times those of a long film's index.
    private static let maxElements = 1_000_000

    /// Makes this element a void one of the same size, with zeros in it.
    var erased: [Patch] {
        let count = range.count
        // A header of two bytes, or of nine where the size needs them.
        if count < 2 { return [] }
        if count < 9 {
            let header = Patch(
                range: range.lowerBound..<(range.lowerBound + 2), bytes: [0xEC, UInt8(0x80 | (count - 2))])
            return [header, .zero((range.lowerBound + 2)..<range.upperBound)]
        }
        let size = (0..<7).map { UInt8(truncatingIfNeeded: (count - 9) >> ((6 - $0) * 8)) }
        let header = Patch(range: range.lowerBound..<(range.lowerBound + 9), bytes: [0xEC, 0x01] + size)
        return [header, .zero((range.lowerBound + 9)..<range.upperBound)]
    }
}
