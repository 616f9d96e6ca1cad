internal import Glibc

/// What the decoder gets to see of a picture: the received bytes, or a part of them where the rest would cost it far more
/// time than its size says.
struct DecoderInput {
    let path: String
    /// Frames of the received picture.
    let frames: Int
    /// Whether it holds the first frame alone, of more than are ever decoded.
    let isShortened: Bool
    private let isCopy: Bool

    init(_ job: WorkerJob, _ format: PictureFormat) throws {
        let maxFrames = job.limits.maxFrames
        let (plan, frames, size) = try FileCleaning.view(job.input) { file in
            let (plan, frames) = try Self.plan(file, format, maxFrames: maxFrames)
            return (plan, frames, file.count)
        }
        self.frames = frames
        isShortened = format.isAnimatable && frames > maxFrames
        isCopy = !plan.keepsAll(of: size)
        path = isCopy ? job.output(".decodable") : job.input
        if isCopy { _ = try FileCleaning.write(plan, from: job.input, to: path) }
    }

    func remove() { if isCopy { unlink(path) } }

    private static func plan(
        _ file: ByteView, _ format: PictureFormat, maxFrames: Int
    ) throws -> (EditPlan, frames: Int) {
        switch format {
        // libpng inflates every text, some megabytes of it from a few kilobytes, each time that it reads the header.
        case .png: return try PNGCleaner.survey(file, keepsEXIF: true)
        // Both decoders look at every frame, libwebp at all those before it for each.
        case .gif: return try shortened(file, maxFrames, by: GIFCleaner.survey)
        case .webp: return try shortened(file, maxFrames, by: WebPCleaner.survey)
        case .jpeg, .tiff, .heif: return (.everything(in: file), 1)
        }
    }

    /// The first frame, where there are more than `maxFrames`; the whole file otherwise.
    private static func shortened(
        _ file: ByteView, _ maxFrames: Int, by survey: (ByteView, Int) throws -> (plan: EditPlan, frames: Int)
    ) throws -> (EditPlan, frames: Int) {
        let (plan, frames) = try survey(file, 1)
        return (frames > maxFrames ? plan : .everything(in: file), frames)
    }
}

extension EditPlan {
    /// A plan that changes nothing.
    static func everything(in file: ByteView) -> EditPlan {
        var plan = EditPlan()
        plan.copy(0..<file.count)
        return plan
    }
}
