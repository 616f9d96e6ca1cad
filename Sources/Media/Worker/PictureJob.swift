internal import CVips
internal import Glibc

/// Makes a picture's thumbnails and its cleaned original. Runs in a worker.
struct PictureJob {
    let job: WorkerJob
    let format: PictureFormat

    /// A picture that cannot be read or cleaned is its owner's alone.
    func run() throws -> ProcessedMedia {
        do {
            return try process()
        } catch is PictureError {
            return .plainFile(type: job.type, audience: .ownerOnly)
        } catch is MalformedFile {
            return .plainFile(type: job.type, audience: .ownerOnly)
        }
    }

    private func process() throws -> ProcessedMedia {
        if format == .tiff {
            try FileCleaning.view(job.input) { try TIFFPages.check($0, maxPages: job.limits.maxFrames) }
        }
        let header = try PictureHeader(path: job.input)
        guard header.loader.hasPrefix(format.loaderPrefix), fits(header, frames: 1) else { throw MalformedFile() }
        var media = ProcessedMedia(type: job.type, kind: .image)
        (media.width, media.height) = isMoving(header) ? (header.width, header.height) : header.uprightSize
        media.cleaned = try clean(header)
        // A picture cut short may have a good header and no pixel that can be decoded: it then has no thumbnails.
        if let (thumbnails, blurhash) = try? ThumbnailMaker(job: job).make(
            job.input, convertColours: header.needsColourConversion, animated: movesInThumbnail(header))
        {
            media.thumbnails = thumbnails
            media.blurhash = blurhash
        }
        return media
    }

    private func fits(_ header: PictureHeader, frames: Int) -> Bool {
        let limits = job.limits
        return (1...limits.maxEdge).contains(header.width) && (1...limits.maxEdge).contains(header.height)
            && header.width * header.height <= limits.maxPixels / frames
    }

    private func isMoving(_ header: PictureHeader) -> Bool { format.isAnimatable && header.frames > 1 }

    private func movesInThumbnail(_ header: PictureHeader) -> Bool {
        isMoving(header) && header.frames <= job.limits.maxFrames && fits(header, frames: header.frames)
    }

    // MARK: - Cleaning

    /// Nil when the received bytes are clean. Throws when the result would not be.
    private func clean(_ header: PictureHeader) throws -> ProcessedMedia.Cleaned? {
        // Turning pixels is for still pictures: a moving one is shown as stored everywhere.
        if header.orientation == 1 || isMoving(header), let cutter = format.cutter {
            do {
                return try cut(job.input, by: cutter)
            } catch is MalformedFile where format != .heif && !isMoving(header) {
                // Decodable, but not cut cleanly: written anew below.
            }
        }
        guard let encoding = try reencoding(), header.frames == 1 || fits(header, frames: header.frames) else {
            throw MalformedFile()
        }
        let encoded = job.output(".encoded")
        defer { unlink(encoded) }
        try Picture.reencode(
            job.input, to: encoded, as: encoding, upright: header.frames == 1, allFrames: header.frames > 1)
        // The encoders add an EXIF block of their own.
        return try cut(encoded, by: format.cutter ?? Self.keepEverything)
    }

    /// Cuts a file and looks at what came of it.
    private func cut(_ path: String, by cutter: (ByteView) throws -> EditPlan) throws -> ProcessedMedia.Cleaned? {
        let (plan, size) = try FileCleaning.plan(path, by: cutter)
        if path == job.input && plan.keepsAll(of: size) {
            try verify(path)
            return nil
        }
        let destination = job.output(BlobStore.cleanedSuffix)
        let cleaned = try FileCleaning.write(plan, from: path, to: destination)
        try verify(destination)
        return cleaned
    }

    private func verify(_ path: String) throws {
        if try PictureHeader(path: path).hasMetadata { throw MalformedFile() }
    }

    private static func keepEverything(_ file: ByteView) -> EditPlan {
        var plan = EditPlan()
        plan.copy(0..<file.count)
        return plan
    }

    private func reencoding() throws -> cvips_format? {
        switch format {
        case .jpeg: return CVIPS_JPEG
        case .png: return CVIPS_PNG
        case .gif: return CVIPS_GIF
        case .tiff: return CVIPS_TIFF
        case .heif: return nil
        case .webp:
            var isLossless = false
            _ = try FileCleaning.plan(job.input) { file in
                isLossless = WebPCleaner.isLossless(file)
                return EditPlan()
            }
            return isLossless ? CVIPS_WEBP_LOSSLESS : CVIPS_WEBP
        }
    }
}
