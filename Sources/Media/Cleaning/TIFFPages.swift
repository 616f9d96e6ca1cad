/// Searches a TIFF's directories (TIFF 6.0, section 2; BigTIFF as libtiff specifies it) for anything that would be lost if its
/// pages were written anew.
enum TIFFPages {
    private enum Tag {
        static let newSubfileType = 254
        static let compression = 259
        static let photometric = 262
        static let orientation = 274
        static let stripByteCounts = 279
        static let tileByteCounts = 325
        /// TIFF Technical Note 1.
        static let subIFDs = 330
        /// The length of an old-style JPEG.
        static let jpegLength = 514
        static let subsampling = 530
        static let referenceBlackWhite = 532
        /// DNG specification, chapter 4.
        static let dngVersion = 50706
    }

    /// Numbers that are luminance and color differences, outside of a JPEG (TIFF 6.0, section 21).
    struct YCbCr: Equatable {
        /// Whether there are fewer color differences than pixels.
        var isSubsampled: Bool
        /// Whether black is above 0 and white below 255, as in television.
        var isStudio: Bool
        /// As in EXIF, 1 to 8.
        var orientation: Int
    }

    /// Nil where the first page's numbers are others. libvips converts none but those of a JPEG.
    static func yCbCr(_ file: ByteView) -> YCbCr? {
        guard let reader = try? TIFFReader(file), let first = try? reader.offset(reader.isBig ? 8 : 4),
            let entries = try? reader.directory(first).entries
        else { return nil }
        func entry(_ tag: Int) -> TIFFReader.Entry? { entries.first { $0.tag == tag } }
        func values(_ tag: Int) -> [Int]? { entry(tag).flatMap { try? reader.all($0) } }
        guard values(Tag.photometric) == [6], ![[6], [7]].contains(values(Tag.compression)) else { return nil }
        let black = entry(Tag.referenceBlackWhite).flatMap { try? reader.remoteValues($0) }
            .flatMap { try? reader.number($0.lowerBound, size: 4) }
        return YCbCr(
            isSubsampled: (values(Tag.subsampling) ?? [2, 2]) != [1, 1], isStudio: (black ?? 0) > 0,
            orientation: values(Tag.orientation)?.first ?? 1)
    }

    /// The most metadata of an ordinary picture, in bytes: a profile, a preview, a history.
    private static let maxOther = 1 << 20
    /// The most strips and tiles of all pages together: as many as 100 megapixels in tiles of 16 × 16 in three planes.
    private static let maxSegments = 1_200_000

    /// Throws if decoding the pages would lose a picture. A camera's raw file (DNG, NEF, ARW and others are TIFFs) has a
    /// thumbnail as its first page, and the picture in a subdirectory or in the maker's own data. Also throws for more than
    /// `maxPages`, and for several pages of which one has to be turned.
    static func check(_ file: ByteView, maxPages: Int) throws {
        let reader = try TIFFReader(file)
        var pages = 0
        var segments = 0
        var pixelBytes = 0
        var isTurned = false
        var position = try reader.offset(reader.isBig ? 8 : 4)
        while position != 0 {
            pages += 1
            guard pages <= maxPages else { throw MalformedFile() }
            let (entries, next) = try reader.directory(position)
            for entry in entries {
                switch entry.tag {
                case Tag.subIFDs, Tag.dngVersion: throw MalformedFile()
                // The first bit marks a reduced version of another picture in the file.
                case Tag.newSubfileType: if try reader.first(entry) & 1 != 0 { throw MalformedFile() }
                case Tag.orientation: isTurned = try isTurned || reader.first(entry) != 1
                case Tag.stripByteCounts, Tag.tileByteCounts, Tag.jpegLength:
                    guard entry.count <= maxSegments - segments else { throw MalformedFile() }
                    segments += entry.count
                    pixelBytes = min(file.count, pixelBytes + (try reader.sum(entry)))
                default: break
                }
            }
            position = next
        }
        guard pages == 1 || !isTurned, file.count - pixelBytes <= max(maxOther, pixelBytes) else {
            throw MalformedFile()
        }
    }
}
