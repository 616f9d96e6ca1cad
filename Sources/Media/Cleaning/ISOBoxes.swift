/// The boxes of an ISO base media file: MP4, MOV, 3GP, HEIC, AVIF (ISO/IEC 14496-12, section 4.2).
struct ISOBox: Equatable {
    let type: String
    /// Header and content.
    let range: Range<Int>
    let content: Range<Int>
    /// Truncated by the end of the file.
    var isTruncated = false

    /// Boxes without content (section 8.1.2, and QuickTime's `wide`).
    static let space: Set<String> = ["free", "skip", "wide"]
    /// Boxes on one level. An ordinary file has a few for each fragment, and some fragments a second.
    private static let maxBoxes = 1_000_000

    /// The boxes on one level in `range`. With `tolerant`, a box that is longer than the file is returned up to the file's end,
    /// and bytes that are no box end the list: a truncated upload, or QuickTime's four zero bytes at the end of some atoms.
    static func list(_ file: ByteView, in range: Range<Int>, tolerant: Bool) throws -> [ISOBox] {
        var boxes: [ISOBox] = []
        var position = range.lowerBound
        while position < range.upperBound {
            guard let box = try read(file, at: position, limit: range.upperBound) else {
                if tolerant { break }
                throw MalformedFile()
            }
            if box.isTruncated && !tolerant { throw MalformedFile() }
            guard boxes.count < maxBoxes else { throw MalformedFile() }
            boxes.append(box)
            position = box.range.upperBound
        }
        return boxes
    }

    /// Nil if there is no header here.
    static func read(_ file: ByteView, at start: Int, limit: Int) throws -> ISOBox? {
        guard start <= limit - 8 else { return nil }
        var size = try file.bigEndian(start, size: 4)
        let type = try file.fourCC(start + 4)
        var header = 8
        if size == 1 {
            guard start <= limit - 16 else { return nil }
            // No box has an impossible size.
            guard let long = try? file.bigEndian(start + 8, size: 8) else { return nil }
            (size, header) = (long, 16)
        } else if size == 0 {
            size = limit - start
        }
        guard size >= header else { return nil }
        let isTruncated = size > limit - start
        let end = isTruncated ? limit : start + size
        return ISOBox(type: type, range: start..<end, content: (start + header)..<end, isTruncated: isTruncated)
    }

    /// The range of the four bytes of the type.
    var typeOffset: Int { range.lowerBound + 4 }

    /// Makes this box free space and its content zeros. Every other box and every offset in the file stays the same.
    var erased: [Patch] { [.replace(at: typeOffset, with: "free"), .zero(content)] }
}

/// Reads one field of a box after another.
struct BoxFields {
    let file: ByteView
    var position: Int
    let end: Int

    /// An unsigned integer of 0 to 8 bytes.
    mutating func take(_ size: Int) throws -> Int {
        try skip(size)
        return try file.bigEndian(position - size, size: size)
    }

    mutating func skip(_ size: Int) throws {
        guard position <= end - size else { throw MalformedFile() }
        position += size
    }
}
