/// The tags before and behind a sound: ID3 (id3.org, "ID3 tag version 2.4.0", sections 3 and 5; "ID3v1"), APE
/// (wiki.hydrogenaud.io, "APEv2 specification") and Lyrics3 (id3.org, "Lyrics3 v2.00").
enum SoundTags {
    /// What is between the tags.
    static func between(_ file: ByteView) throws -> Range<Int> {
        var range = try behindTags(file)..<file.count
        while let size = try sizeOfTag(file, atEndOf: range), size <= range.count {
            range = range.lowerBound..<(range.upperBound - size)
        }
        return range
    }

    /// The position behind the tags at the start.
    static func behindTags(_ file: ByteView) throws -> Int { try behindTags(file, size: file.count) }

    /// The same by the first bytes of a file of that size.
    static func behindTags(_ head: ByteView, size: Int) throws -> Int {
        let file = head
        var range = 0..<size
        while let size = try sizeOfTag(file, atStartOf: range), size <= range.count {
            range = (range.lowerBound + size)..<range.upperBound
        }
        return range.lowerBound
    }

    private static let headerSize = 10
    private static let apeSize = 32

    private static func sizeOfTag(_ file: ByteView, atStartOf range: Range<Int>) throws -> Int? {
        let start = range.lowerBound
        if file.has("ID3", at: start), range.count >= headerSize {
            // A footer repeats the header.
            let hasFooter = try file.byte(start + 5) & 0x10 != 0
            return try id3Size(file, start).map { headerSize + $0 + (hasFooter ? headerSize : 0) }
        }
        if file.has("APETAGEX", at: start), range.count >= apeSize { return try apeSize + apeItems(file, start) }
        return nil
    }

    private static func sizeOfTag(_ file: ByteView, atEndOf range: Range<Int>) throws -> Int? {
        let end = range.upperBound
        if range.count >= 128, file.has("TAG", at: end - 128) {
            return range.count >= 355 && file.has("TAG+", at: end - 355) ? 355 : 128
        }
        if range.count >= headerSize, file.has("3DI", at: end - headerSize) {
            return try id3Size(file, end - headerSize).map { 2 * headerSize + $0 }
        }
        if range.count >= apeSize, file.has("APETAGEX", at: end - apeSize) {
            let hasHeader = try file.byte(end - apeSize + 23) & 0x80 != 0
            return try apeItems(file, end - apeSize) + (hasHeader ? apeSize : 0)
        }
        if range.count >= 15, file.has("LYRICS200", at: end - 9) {
            return Int(String(decoding: try file.slice(end - 15, 6), as: UTF8.self)).flatMap { $0 < 0 ? nil : $0 + 15 }
        }
        return nil
    }

    /// Four bytes of seven bits each.
    private static func id3Size(_ file: ByteView, _ header: Int) throws -> Int? {
        let bytes = try file.slice(header + 6, 4)
        return bytes.allSatisfy { $0 < 0x80 } ? bytes.reduce(0) { $0 << 7 | Int($1) } : nil
    }

    /// The bytes of the items and of the footer, if there is one; at least 32, so every tag ends.
    private static func apeItems(_ file: ByteView, _ header: Int) throws -> Int {
        max(apeSize, try file.littleEndian(header + 12, size: 4))
    }
}
