internal import CZlib

/// The first frame of an animated PNG whose still picture is none of its frames.
///
/// The still picture is a frame only where an `fcTL` chunk stands before it (W3C PNG, third edition, section 4.9). Where
/// none does, it is for programs that know no animations, and browsers never show it.
enum PNGFirstFrame {
    /// A PNG of that frame alone. Nil where the still picture is what browsers show, where the frame does not fill the
    /// picture, and where its bytes are damaged.
    static func plan(_ file: ByteView) throws -> EditPlan? {
        var plan = EditPlan()
        plan.copy(0..<8)
        var header: Range<Int>?
        var isAnimated = false
        var hasStill = false
        var frame: [Range<Int>] = []
        var hasBegun = false
        for chunk in PNGChunks(file) {
            switch chunk.type {
            // Browsers see no animation where the number of its frames is impossible.
            case "acTL":
                isAnimated =
                    try chunk.data.count == 8
                    && (1...Int(Int32.max)).contains(file.bigEndian(chunk.data.lowerBound, size: 4))
            case "IDAT" where !isAnimated: return nil
            case "IDAT": hasStill = true
            case "fcTL" where !hasStill: return nil
            case "fcTL" where hasBegun: return try end(plan, frame, of: file)
            case "fcTL":
                // Width and height follow the sequence number, as they begin the header; then the offsets.
                guard let header, chunk.data.count >= 20,
                    try file.slice(chunk.data.lowerBound + 4, 8).elementsEqual(file.slice(header.lowerBound, 8)),
                    file.isZero(chunk.data.lowerBound + 12..<chunk.data.lowerBound + 20)
                else { return nil }
                hasBegun = true
            case "fdAT":
                guard hasBegun, chunk.data.count >= 4 else { return nil }
                frame.append(chunk.data.lowerBound + 4..<chunk.data.upperBound)
            case "IEND": return try end(plan, frame, of: file)
            default:
                if chunk.type == "IHDR" { header = chunk.data }
                if !hasStill, PNGCleaner.keepsForDecoder(chunk.type) { plan.copy(chunk.range) }
            }
        }
        return nil
    }

    /// The frame's data as one chunk, after the chunks before it.
    private static func end(_ before: EditPlan, _ data: [Range<Int>], of file: ByteView) throws -> EditPlan? {
        let size = data.reduce(0) { $0 + $1.count }
        guard size > 0, size <= Int32.max else { return nil }
        var plan = before
        plan.insert(bigEndian(UInt32(size)) + Array("IDAT".utf8))
        var sum = checksum(of: Array("IDAT".utf8))
        for range in data {
            plan.copy(range)
            sum = try UnsafeRawBufferPointer(rebasing: file.slice(range.lowerBound, range.count))
                .withMemoryRebound(to: UInt8.self) { crc32_z(sum, $0.baseAddress, $0.count) }
        }
        plan.insert(bigEndian(UInt32(truncatingIfNeeded: sum)))
        plan.insert(
            bigEndian(0) + Array("IEND".utf8)
                + bigEndian(UInt32(truncatingIfNeeded: checksum(of: Array("IEND".utf8)))))
        return plan
    }

    private static func checksum(of bytes: [UInt8]) -> UInt {
        bytes.withUnsafeBufferPointer { crc32_z(crc32(0, nil, 0), $0.baseAddress, $0.count) }
    }

    private static func bigEndian(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian, Array.init) }
}

/// The complete chunks of a PNG, until its bytes end or make no sense.
struct PNGChunks: Sequence, IteratorProtocol {
    struct Chunk {
        var type: String
        /// With its length and its checksum.
        var range: Range<Int>
        var data: Range<Int>
    }

    private let file: ByteView
    private var position = 8

    init(_ file: ByteView) { self.file = file }

    mutating func next() -> Chunk? {
        guard let length = try? file.bigEndian(position, size: 4), let type = try? file.fourCC(position + 4),
            length <= Int(Int32.max), position + 12 + length <= file.count
        else { return nil }
        defer { position += 12 + length }
        return Chunk(
            type: type, range: position..<position + 12 + length, data: position + 8..<position + 8 + length)
    }
}
