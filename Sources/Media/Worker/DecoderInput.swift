internal import Glibc

/// The part of a picture that the decoder sees: the received bytes, or fewer where the rest would take far more time than
/// its size suggests.
struct DecoderInput {
    let path: String
    /// The frames of the received picture.
    let frames: Int
    /// Whether it holds only the first frame, because the picture has more than are ever decoded.
    let isShortened: Bool
    /// Whether it is not the received file itself.
    let isCopy: Bool
    /// Whether libvips reads the received file, too.
    let isOfReceivedKind: Bool
    /// The name of libvips's decoder for it. If another one claims it, its type is wrong.
    let loaderPrefix: String

    init(_ job: WorkerJob, _ format: PictureFormat) throws {
        let maxFrames = job.limits.maxFrames
        let (plan, frames, size) = try FileCleaning.view(job.input) { file in
            let (plan, frames) = try Self.plan(file, format, maxFrames: maxFrames)
            return (plan, frames, file.count)
        }
        self.frames = frames
        isShortened = format.isAnimatable && frames > maxFrames
        isCopy = !plan.keepsAll(of: size)
        isOfReceivedKind = format != .heif || !isCopy
        loaderPrefix = format.loaderPrefix
        path = isCopy ? job.output(".decodable") : job.input
        if isCopy { _ = try FileCleaning.write(plan, from: job.input, to: path) }
    }

    /// A TIFF's first page as ffmpeg decodes it: upright, as PNG.
    init(_ job: WorkerJob, _ host: JobHost, _ numbers: TIFFPages.YCbCr) throws {
        (frames, isShortened, isCopy, isOfReceivedKind) = (1, false, true, false)
        loaderPrefix = PictureFormat.png.loaderPrefix
        path = job.output(".decodable")
        guard try FFmpeg(host: host, demuxer: "tiff_pipe").writePicture(of: job.input, to: path, numbers) else {
            unlink(path)
            throw MalformedFile()
        }
    }

    func remove() { if isCopy { unlink(path) } }

    private static func plan(
        _ file: ByteView, _ format: PictureFormat, maxFrames: Int
    ) throws -> (EditPlan, frames: Int) {
        switch format {
        // libpng inflates every text each time it reads the header: some megabytes from a few kilobytes.
        case .png:
            let (plan, frames) = try PNGCleaner.survey(file, keepsEXIF: true)
            return (try PNGFirstFrame.plan(file) ?? plan, frames)
        // Both decoders look at every frame; libwebp looks at all earlier frames for each one.
        case .gif:
            let (plan, frames) = try shortened(file, maxFrames, by: GIFCleaner.survey)
            return (frames > maxFrames ? plan : try GIFCanvas.transparent(file), frames)
        case .webp: return try shortened(file, maxFrames, by: WebPCleaner.survey)
        case .heif: return (try withStillBrand(file), 1)
        case .jpeg, .tiff: return (.everything(in: file), 1)
        }
    }

    /// A picture that moves has a still one, too, but its brand keeps libvips from reading that.
    private static func withStillBrand(_ file: ByteView) throws -> EditPlan {
        let brands: KeyValuePairs<StaticString, StaticString> = [
            "avis": "avif", "hevc": "heic", "hevx": "heix", "msf1": "mif1",
        ]
        guard file.has("ftyp", at: 4), let brand = brands.first(where: { file.has($0.key, at: 8) })?.value else {
            return .everything(in: file)
        }
        return try EditPlan.patching(size: file.count, [.replace(at: 8, with: brand)])
    }

    /// The first frame if there are more than `maxFrames`, else the whole file.
    private static func shortened(
        _ file: ByteView, _ maxFrames: Int, by survey: (ByteView, Int) throws -> (plan: EditPlan, frames: Int)
    ) throws -> (EditPlan, frames: Int) {
        let (plan, frames) = try survey(file, 1)
        return (frames > maxFrames ? plan : .everything(in: file), frames)
    }
}
