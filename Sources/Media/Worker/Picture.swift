internal import CVips
internal import Glibc

/// libvips failed on a picture: it is damaged, or not of the type that it claims.
struct PictureError: Error {
    let reason: String

    /// The latest failure of libvips. A full disk is not the picture's fault: libvips reports it in the system's words, and
    /// this makes it `storageFull`.
    static func last() -> any Error {
        let reason = String(cString: cvips_error())
        let isFull = [ENOSPC, EDQUOT].contains { reason.contains(String(cString: strerror($0))) }
        return isFull ? MediaError(.storageFull, reason) : PictureError(reason: reason)
    }
}

/// The facts of a picture's header.
struct PictureHeader {
    let loader: String
    /// The pixels of one frame, as stored.
    let width: Int
    let height: Int
    let frames: Int
    /// The EXIF orientation, 1 to 8.
    let orientation: Int
    let needsColorConversion: Bool
    /// Inks without a profile that says what they look like.
    let isBareCMYK: Bool
    let hasMetadata: Bool

    init(path: String) throws {
        var header = cvips_header()
        guard cvips_read_header(path, &header) == 0 else { throw PictureError.last() }
        loader = withUnsafeBytes(of: header.loader) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        width = Int(header.width)
        height = Int(header.height)
        frames = max(1, Int(header.frames))
        orientation = Int(header.orientation)
        needsColorConversion = header.needs_conversion
        isBareCMYK = header.is_bare_cmyk
        hasMetadata = header.has_metadata
    }

    /// Pictures of orientation 5 to 8 are stored on their side.
    var uprightSize: (width: Int, height: Int) { orientation >= 5 ? (height, width) : (width, height) }
}

/// A decoded picture, which owns libvips's image.
final class Picture {
    private let image: OpaquePointer

    private init(_ image: OpaquePointer?) throws {
        guard let image else { throw PictureError.last() }
        self.image = image
    }

    deinit { cvips_free(image) }

    /// Decodes a file to at most `edge` pixels on its longer side, turned if `upright`, else as stored.
    convenience init(path: String, edge: Int, allFrames: Bool, upright: Bool, convertColors: Bool) throws {
        try self.init(cvips_thumbnail_file(path, Int32(edge), allFrames, upright, convertColors))
    }

    /// Converts the pixels to sRGB in place: see `SourceColors`.
    func convert(light: [Float], matrix: [Float], hdr: cvips_hdr) {
        guard light.count == 256, matrix.count == 9 else { return }
        cvips_convert(image, light, matrix, hdr)
    }

    /// Converts luminance and color differences to red, green and blue in place.
    /// - Parameter isStudio: Whether they have the range of television.
    func convertYCbCr(isStudio: Bool) { cvips_convert_ycbcr(image, isStudio) }

    /// Decodes a JPEG of inks without a profile.
    convenience init(bareCMYK path: String, edge: Int) throws {
        try self.init(cvips_thumbnail_bare_cmyk(path, Int32(edge)))
    }

    func reduced(to edge: Int) throws -> Picture { try Picture(cvips_thumbnail_image(image, Int32(edge))) }

    var width: Int { Int(cvips_width(image)) }
    /// The height of one frame.
    var height: Int { Int(cvips_height(image)) }

    func writeWebP(to path: String, isLossless: Bool) throws {
        // Effort 2 of 6 takes a quarter of the default's CPU time, for a few percent more bytes.
        guard cvips_save_webp(image, path, 80, 2, isLossless) == 0 else { throw PictureError.last() }
    }

    /// In sRGB, with transparent parts on white.
    func writeJPEG(to path: String) throws {
        guard cvips_save_jpeg(image, path, 90) == 0 else { throw PictureError.last() }
    }

    /// Red, green and blue of each pixel, row by row, with transparent parts on white.
    func rgb() throws -> [UInt8] {
        var pixels = [UInt8](repeating: 0, count: width * height * 3)
        guard cvips_copy_rgb(image, &pixels, pixels.count) == 0 else { throw PictureError.last() }
        return pixels
    }

    /// Whether two files decode to different pixels. A first one that cannot be decoded differs from none.
    static func differs(_ path: String, _ other: String) -> Bool { cvips_differs(path, other) }

    /// Encodes a whole picture anew, without metadata.
    static func reencode(_ path: String, to output: String, as format: cvips_format, upright: Bool, allFrames: Bool)
        throws
    {
        guard cvips_reencode(path, output, format, upright, allFrames) == 0 else { throw PictureError.last() }
    }
}
