internal import Glibc

/// What libvips does not know of a picture's numbers.
enum Numbers: Equatable {
    case usual
    case colors(SourceColors)
    /// Luminance and two color differences.
    case yCbCr(isStudio: Bool)
    /// Inks, in a JPEG without a profile.
    case inks

    /// Converts a decoded picture's numbers to sRGB. Inks are converted while they are decoded.
    func convert(_ picture: Picture) {
        switch self {
        case .usual, .inks: break
        case .colors(let colors): colors.convert(picture)
        case .yCbCr(let isStudio): picture.convertYCbCr(isStudio: isStudio)
        }
    }
}

/// Makes a picture's three thumbnails and its blurhash from one decoding. Each size is made from the next larger one.
struct ThumbnailMaker {
    let job: WorkerJob

    /// Gives `media` the thumbnails and the blurhash of the picture at `path`, or none if it cannot be decoded. Without
    /// `upright`, the picture is shown as stored. Throws `storageFull`.
    func illustrate(
        _ media: inout ProcessedMedia, _ path: String, upright: Bool = true, convertColors: Bool, animated: Bool,
        numbers: Numbers = .usual
    ) throws {
        do {
            (media.thumbnails, media.blurhash) = try make(
                path, upright: upright, convertColors: convertColors, animated: animated, numbers: numbers)
        } catch let error as MediaError where error.code == .storageFull {
            throw error
        } catch {
            return
        }
    }

    /// Shrinks while loading, so a large JPEG is never decoded at full size.
    private func make(
        _ path: String, upright: Bool, convertColors: Bool, animated: Bool, numbers: Numbers
    ) throws -> ([Thumbnail], blurhash: String?) {
        let edge = ThumbnailSize.large.maxEdge
        let large =
            try numbers == .inks
            ? Picture(bareCMYK: path, edge: edge)
            : Picture(path: path, edge: edge, allFrames: false, upright: upright, convertColors: convertColors)
        numbers.convert(large)
        let medium = try large.reduced(to: ThumbnailSize.medium.maxEdge)
        let small = try medium.reduced(to: ThumbnailSize.small.maxEdge)
        let moving = animated ? try? movingMedium(path, convertColors) : nil
        let isDrawing = large.width * large.height <= Self.maxLosslessPixels
        let thumbnails = [
            try write(small, .small, isLossless: isDrawing),
            try write(moving ?? medium, .medium, isLossless: isDrawing && moving == nil),
            try write(large, .large, isLossless: isDrawing),
        ]
        let tiny = try small.reduced(to: 32)
        return (thumbnails, Blurhash.encode(rgb: try tiny.rgb(), width: tiny.width, height: tiny.height))
    }

    /// The pixels of a picture that is an icon or an emoji rather than a photograph: its colors end sharply, and lossy WebP,
    /// which has one color for four pixels, would show others.
    private static let maxLosslessPixels = 160 * 160

    /// The animation at medium size, as stored: libvips would turn all frames as one strip.
    private func movingMedium(_ path: String, _ convertColors: Bool) throws -> Picture {
        try Picture(
            path: path, edge: ThumbnailSize.medium.maxEdge, allFrames: true, upright: false,
            convertColors: convertColors)
    }

    private func write(_ picture: Picture, _ size: ThumbnailSize, isLossless: Bool) throws -> Thumbnail {
        // libvips 8.14 adds an EXIF block to every WebP. It is cut as from any other WebP.
        let encoded = job.output(".encoded")
        defer { unlink(encoded) }
        try picture.writeWebP(to: encoded, isLossless: isLossless)
        let plan = try FileCleaning.plan(encoded, by: WebPCleaner.plan).plan
        _ = try FileCleaning.write(plan, from: encoded, to: job.output(BlobVariant.thumbnail(size).suffix))
        return Thumbnail(size: size, width: picture.width, height: picture.height)
    }
}
