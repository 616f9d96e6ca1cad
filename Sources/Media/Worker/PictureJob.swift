internal import CVips
internal import Glibc

/// Makes a picture's thumbnails and its cleaned original. Runs in a worker.
struct PictureJob {
    let job: WorkerJob
    let format: PictureFormat

    /// A picture that cannot be read or cleaned is readable by its owner only.
    func run() throws -> ProcessedMedia {
        do {
            return try process()
        } catch is PictureError {
            return .plainFile(type: job.type, audience: .ownerOnly)
        } catch is MalformedFile {
            return .plainFile(type: job.type, audience: .ownerOnly)
        }
    }

    /// Writes the picture, or its first page, as JPEG: upright, at full size, and without metadata. A picture that cannot be
    /// decoded is a plain file without a cleaned one.
    func makeJPEG() throws -> ProcessedMedia {
        do {
            if format == .tiff {
                try FileCleaning.view(job.input) { try TIFFPages.check($0, maxPages: job.limits.maxFrames) }
            }
            let source = try DecoderInput(job, format)
            defer { source.remove() }
            let header = try PictureHeader(path: source.path)
            guard header.loader.hasPrefix(format.loaderPrefix), fits(header) else { throw MalformedFile() }
            let picture = try Picture(
                path: source.path, edge: max(header.width, header.height), allFrames: false, upright: true,
                convertColors: header.needsColorConversion)
            return try write(picture)
        } catch is PictureError {
            return .plainFile(type: job.type, audience: .ownerOnly)
        } catch is MalformedFile {
            return .plainFile(type: job.type, audience: .ownerOnly)
        }
    }

    private func write(_ picture: Picture) throws -> ProcessedMedia {
        let encoded = job.output(".encoded")
        defer { unlink(encoded) }
        try picture.writeJPEG(to: encoded)
        var media = ProcessedMedia(type: job.type, kind: .image)
        (media.width, media.height) = (picture.width, picture.height)
        let plan = try FileCleaning.plan(encoded, by: JPEGCleaner.plan).plan
        media.cleaned = try FileCleaning.write(plan, from: encoded, to: job.output(BlobStore.cleanedSuffix))
        return media
    }

    private func process() throws -> ProcessedMedia {
        if format == .tiff {
            try FileCleaning.view(job.input) { try TIFFPages.check($0, maxPages: job.limits.maxFrames) }
        }
        let source = try DecoderInput(job, format)
        defer { source.remove() }
        let header = try PictureHeader(path: source.path)
        guard header.loader.hasPrefix(format.loaderPrefix), fits(header) else { throw MalformedFile() }
        // Only still pictures are turned. Animations are shown as stored everywhere.
        let isMoving = source.frames > 1 || format.isAnimatable && header.frames > 1
        var media = ProcessedMedia(type: job.type, kind: .image)
        (media.width, media.height) = isMoving ? (header.width, header.height) : header.uprightSize
        media.cleaned =
            isMoving || header.orientation == 1 && format.cutter != nil
            ? try cut(source, header, isMoving: isMoving) : try reencode(source, header)
        // A truncated picture may have a valid header and no decodable pixel. It then has no thumbnails.
        try ThumbnailMaker(job: job).illustrate(
            &media, source.path, upright: !isMoving, convertColors: header.needsColorConversion,
            animated: movesInThumbnail(header))
        return media
    }

    private func fits(_ header: PictureHeader, frames: Int = 1) -> Bool {
        let limits = job.limits
        return (1...limits.maxEdge).contains(header.width) && (1...limits.maxEdge).contains(header.height)
            && header.width * header.height <= limits.maxPixels / frames
    }

    private func movesInThumbnail(_ header: PictureHeader) -> Bool {
        let limits = job.limits
        return format.isAnimatable && header.frames > 1 && header.frames <= limits.maxFrames
            && header.width * header.height <= limits.maxMovingPixels / header.frames
    }

    // MARK: - Cleaning

    // All of these return nil if the received bytes are clean, and throw if the result would not be.

    /// Cuts metadata out of the received bytes.
    private func cut(_ source: DecoderInput, _ header: PictureHeader, isMoving: Bool) throws -> ProcessedMedia.Cleaned?
    {
        guard let cutter = format.cutter else { throw MalformedFile() }
        do {
            // Of a picture with too many frames, the decoder sees one frame, cleaned the same way.
            return try cut(job.input, by: cutter, verifying: source.isShortened ? source.path : nil)
        } catch is MalformedFile where format != .heif && !isMoving {
            // The picture is decodable but cannot be cleaned by cutting.
            return try reencode(source, header)
        }
    }

    /// Encodes the picture anew, upright.
    private func reencode(_ source: DecoderInput, _ header: PictureHeader) throws -> ProcessedMedia.Cleaned? {
        guard let encoding = try encoding(), fits(header, frames: header.frames) else { throw MalformedFile() }
        let encoded = job.output(".encoded")
        defer { unlink(encoded) }
        try Picture.reencode(
            source.path, to: encoded, as: encoding, upright: header.frames == 1, allFrames: header.frames > 1)
        // The encoders add an EXIF block, which is cut.
        return try cut(encoded, by: format.cutter ?? EditPlan.everything)
    }

    /// Cleans a file and checks the result, or `verified`.
    private func cut(
        _ path: String, by cutter: (ByteView) throws -> EditPlan, verifying verified: String? = nil
    ) throws -> ProcessedMedia.Cleaned? {
        let (plan, size) = try FileCleaning.plan(path, by: cutter)
        if path == job.input && plan.keepsAll(of: size) {
            try verify(verified ?? path)
            return nil
        }
        let destination = job.output(BlobStore.cleanedSuffix)
        let cleaned = try FileCleaning.write(plan, from: path, to: destination)
        try verify(verified ?? destination)
        return cleaned
    }

    private func verify(_ path: String) throws {
        if try PictureHeader(path: path).hasMetadata { throw MalformedFile() }
    }

    private func encoding() throws -> cvips_format? {
        switch format {
        case .jpeg: CVIPS_JPEG
        case .png: CVIPS_PNG
        case .gif: CVIPS_GIF
        case .tiff: CVIPS_TIFF
        case .heif: nil
        case .webp:
            try FileCleaning.view(job.input) { WebPCleaner.isLossless($0) } ? CVIPS_WEBP_LOSSLESS : CVIPS_WEBP
        }
    }
}
