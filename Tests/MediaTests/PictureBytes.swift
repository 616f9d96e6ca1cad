/// Files of each picture format put together piece by piece, for what no encoder writes.
enum PictureBytes {
    static func bigEndian(_ value: Int, size: Int = 4) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: value >> ((size - 1 - $0) * 8)) }
    }

    static func littleEndian(_ value: Int, size: Int = 4) -> [UInt8] { bigEndian(value, size: size).reversed() }

    // MARK: - PNG

    static func pngChunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + content
        return bigEndian(content.count) + body + bigEndian(Int(crc32(body)))
    }

    /// A PNG with these bytes between its header and the rest.
    static func png(_ file: [UInt8], inserting chunks: [UInt8]) -> [UInt8] {
        file.prefix(33) + chunks + file.dropFirst(33)
    }

    private static let crcTable: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { crc, byte in crcTable[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ crc >> 8 }
    }

    // MARK: - JPEG

    static func jpegSegment(_ marker: UInt8, _ content: [UInt8]) -> [UInt8] {
        [0xFF, marker] + bigEndian(content.count + 2, size: 2) + content
    }

    // MARK: - WebP

    static func riffChunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
        Array(type.utf8) + littleEndian(content.count) + content + (content.count % 2 == 1 ? [0] : [])
    }

    static func webp(_ chunks: [UInt8]...) -> [UInt8] {
        let body = Array("WEBP".utf8) + chunks.joined()
        return Array("RIFF".utf8) + littleEndian(body.count) + body
    }

    static func vp8x(flags: UInt8, edge: Int) -> [UInt8] {
        riffChunk("VP8X", [flags, 0, 0, 0] + littleEndian(edge - 1, size: 3) + littleEndian(edge - 1, size: 3))
    }

    /// A frame at the top left, shown for 100 ms.
    static func anmf(edge: Int, _ chunks: [UInt8]) -> [UInt8] {
        let size = littleEndian(edge - 1, size: 3)
        return riffChunk("ANMF", [0, 0, 0, 0, 0, 0] + size + size + littleEndian(100, size: 3) + [0] + chunks)
    }

    /// The only chunk of a plain WebP, of 8 × 8 pixels.
    static func smallImageChunk() throws -> [UInt8] {
        let file = try fixture("8.webp", "vips black \"$out.webp\" 8 8 --bands 3; mv \"$out.webp\" \"$out\"")
        guard let start = file.firstRange(of: Array("VP8 ".utf8))?.lowerBound else { return [] }
        let length = file[(start + 4)..<(start + 8)].reversed().reduce(0) { $0 << 8 | Int($1) }
        return riffChunk("VP8 ", Array(file[(start + 8)..<(start + 8 + length)]))
    }

    // MARK: - GIF

    /// The screen of 8 × 8 pixels, in red and blue.
    static let gifHeader: [UInt8] = Array("GIF89a".utf8) + [8, 0, 8, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255]
    static let gifGraphicControl: [UInt8] = [0x21, 0xF9, 4, 0, 5, 0, 0, 0]
    static let gifImage: [UInt8] = [
        0x2C, 0, 0, 0, 0, 8, 0, 8, 0, 0, 2, 7, 0x84, 0x8F, 0xA9, 0xCB, 0xED, 0x0F, 0xA3, 0,
    ]
    static let gifFrame = gifGraphicControl + gifImage
    static let gifLoop: [UInt8] = [0x21, 0xFF, 11] + Array("NETSCAPE2.0".utf8) + [3, 1, 0, 0, 0]

    // MARK: - TIFF

    /// A page of grey pixels, each `shade`, and what else its directory says: tag and value, of 32 bits.
    struct TIFFPage {
        var width = 40
        var height = 30
        var shade: UInt8 = 128
        var extra: [Int: Int] = [:]
    }

    /// A little-endian TIFF of these pages, with `data` that no page speaks of after its header, at 8.
    static func tiff(_ pages: [TIFFPage], data: [UInt8] = []) -> [UInt8] {
        var file: [UInt8] = Array("II*\0".utf8) + [0, 0, 0, 0] + data
        var link = 4
        for page in pages {
            let pixels = file.count
            file += [UInt8](repeating: page.shade, count: page.width * page.height)
            if file.count % 2 == 1 { file.append(0) }
            file.replaceSubrange(link..<(link + 4), with: littleEndian(file.count))
            let entries = [
                256: page.width, 257: page.height, 258: 8, 259: 1, 262: 1, 273: pixels, 277: 1, 278: page.height,
                279: page.width * page.height,
            ].merging(page.extra) { $1 }
            file += littleEndian(entries.count, size: 2)
            for (tag, value) in entries.sorted(by: { $0.key < $1.key }) {
                file += littleEndian(tag, size: 2) + littleEndian(4, size: 2) + littleEndian(1) + littleEndian(value)
            }
            link = file.count
            file += [0, 0, 0, 0]
        }
        return file
    }

    // MARK: - Color profiles

    /// A grey profile of gamma 1 (ICC.1:2001-04, 6.3): as small as one gets.
    static let greyProfile: [UInt8] = {
        let whitePoint = Array("XYZ \0\0\0\0".utf8) + bigEndian(0xF6D6) + bigEndian(0x10000) + bigEndian(0xD32D)
        let curve = Array("curv\0\0\0\0".utf8) + bigEndian(0)
        let text = Array("text\0\0\0\0none\0\0\0\0".utf8)
        let tags = [("wtpt", whitePoint), ("kTRC", curve), ("cprt", text)]
        var (table, data) = (bigEndian(tags.count), [] as [UInt8])
        for (name, content) in tags {
            table += Array(name.utf8) + bigEndian(128 + 4 + 12 * tags.count + data.count) + bigEndian(content.count)
            data += content
        }
        var header = bigEndian(128 + table.count + data.count) + Array("none".utf8) + bigEndian(0x0210_0000)
        header += Array("mntrGRAYXYZ ".utf8) + [UInt8](repeating: 0, count: 12) + Array("acsp".utf8)
        header += [UInt8](repeating: 0, count: 28) + bigEndian(0xF6D6) + bigEndian(0x10000) + bigEndian(0xD32D)
        return header + [UInt8](repeating: 0, count: 128 - header.count) + table + data
    }()
}
