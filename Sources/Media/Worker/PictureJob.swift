internal import CVips
internal import Glibc

/// Makes a picture's thumbnails and its cleaned original. Runs in a worker.
struct PictureJob {
    let job: WorkerJob
    let host: JobHost
    let format: PictureFormat

    /// A picture that cannot be read or cleaned is readable by its owner only.
    func run() throws -> ProcessedMedia {
        do {
            return try process()
        } catch is PictureError {
            return try sequence() ?? undecoded() ?? .plainFile(type: job.type, audience: .ownerOnly)
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
            let source = try decoderInput()
            defer { source.remove() }
            let header = try PictureHeader(path: source.path)
            guard header.loader.hasPrefix(source.loaderPrefix), fits(header) else { throw MalformedFile() }
            let picture = try Picture(
                path: source.path, edge: max(header.width, header.height), allFrames: false, upright: true,
                convertColors: header.needsColorConversion)
            try numbers(header).convert(picture)
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
        let source = try decoderInput()
        defer { source.remove() }
        let header = try PictureHeader(path: source.path)
        guard header.loader.hasPrefix(source.loaderPrefix), hasPossibleSize(header) else { throw MalformedFile() }
        if !fits(header) { return try processHuge(header) }
        // Only still pictures are turned. Animations are shown as stored everywhere.
        let isMoving = source.frames > 1 || format.isAnimatable && header.frames > 1
        var media = ProcessedMedia(type: job.type, kind: .image, isCleaned: true)
        (media.width, media.height) = isMoving ? (header.width, header.height) : header.uprightSize
        media.cleaned =
            isMoving || header.orientation == 1
            ? try cut(source, header, isMoving: isMoving) : try reencode(source, header)
        // A truncated picture may have a valid header and no decodable pixel. It then has no thumbnails.
        try ThumbnailMaker(job: job).illustrate(
            &media, source.path, upright: !isMoving, convertColors: header.needsColorConversion,
            animated: movesInThumbnail(header), numbers: try numbers(header))
        return media
    }

    /// libvips reads no TIFF with fewer color differences than pixels; ffmpeg does.
    private func decoderInput() throws -> DecoderInput {
        if format == .tiff, job.tools.ffmpeg != nil, let numbers = try FileCleaning.view(job.input, TIFFPages.yCbCr),
            numbers.isSubsampled
        {
            return try DecoderInput(job, host, numbers)
        }
        return try DecoderInput(job, format)
    }

    /// A file's own profile counts more, and libvips knows it.
    private func numbers(_ header: PictureHeader) throws -> Numbers {
        if format == .jpeg { return header.isBareCMYK ? .inks : .usual }
        return try FileCleaning.view(job.input) { file in
            if format == .tiff {
                guard let numbers = TIFFPages.yCbCr(file), !numbers.isSubsampled else { return .usual }
                return .yCbCr(isStudio: numbers.isStudio)
            }
            return SourceColors(file, format).map(Numbers.colors) ?? .usual
        }
    }

    private func hasPossibleSize(_ header: PictureHeader) -> Bool {
        (1...ProcessedMedia.maxEdge).contains(header.width) && (1...ProcessedMedia.maxEdge).contains(header.height)
    }

    private func fits(_ header: PictureHeader, frames: Int = 1) -> Bool {
        header.width * header.height <= job.limits.maxPixels / frames
    }

    private func movesInThumbnail(_ header: PictureHeader) -> Bool {
        let limits = job.limits
        return format.isAnimatable && header.frames > 1 && header.frames <= limits.maxFrames
            && header.width * header.height <= limits.maxMovingPixels / header.frames
    }

    // MARK: - Pictures that are not decoded

    /// Fewer pixels for a byte of the file than in any real picture: a bomb.
    private static let maxPixelsForByte = 1000

    /// Cleans a picture with more pixels than are decoded. A JPEG is a picture still: it is shrunk while it is decoded. Any
    /// other is a plain file.
    private func processHuge(_ header: PictureHeader) throws -> ProcessedMedia {
        if format == .jpeg { return try processHugeJPEG(header) }
        let pixels = header.width * header.height
        let size = try FileCleaning.view(job.input) { $0.count }
        guard pixels / size <= Self.maxPixelsForByte else { throw MalformedFile() }
        var media = ProcessedMedia.plainFile(type: job.type)
        media.cleaned = try cut(job.input, by: format.cutter)
        media.isCleaned = true
        return media
    }

    /// It is not turned, so its orientation stays in the file.
    private func processHugeJPEG(_ header: PictureHeader) throws -> ProcessedMedia {
        var media = ProcessedMedia(type: job.type, kind: .image, isCleaned: true)
        (media.width, media.height) = header.uprightSize
        let orientation = UInt8(clamping: header.orientation)
        let (plan, isProgressive, size) = try FileCleaning.view(job.input) {
            (try JPEGCleaner.survey($0, orientation: orientation).plan, JPEGCleaner.isProgressive($0), $0.count)
        }
        if !plan.keepsAll(of: size) {
            media.cleaned = try FileCleaning.write(plan, from: job.input, to: job.output(BlobStore.cleanedSuffix))
        }
        // The decoder keeps all of a progressive one in memory.
        if !isProgressive, header.width * header.height <= job.limits.maxShrunkPixels {
            try ThumbnailMaker(job: job).illustrate(
                &media, job.input, convertColors: header.needsColorConversion, animated: false)
        }
        return media
    }

    /// A TIFF is cleaned without being decoded: one with numbers of 12 bits, which libvips does not read, is a plain file.
    private func undecoded() throws -> ProcessedMedia? {
        guard format == .tiff else { return nil }
        var media = ProcessedMedia.plainFile(type: job.type)
        do {
            media.cleaned = try cut(job.input, by: format.cutter, isReadable: false)
        } catch is MalformedFile {
            return nil
        }
        media.isCleaned = true
        return media
    }

    /// A picture that moves and has no still one, which libvips does not read: a film to ffmpeg.
    private func sequence() throws -> ProcessedMedia? {
        guard format == .heif else { return nil }
        let boxes = try FileCleaning.view(job.input) { try ISOBox.list($0, in: 0..<$0.count, tolerant: true) }
        guard boxes.contains(where: { $0.type == "moov" }) else { return nil }
        var media = try MovieJob(job: job, host: host, demuxer: "mov", cleaning: .cut(HEIFCleaner.plan)).run()
        if media.kind == .video { media.kind = .image }
        media.duration = nil
        return media
    }

    // MARK: - Cleaning

    // All of these return nil if the received bytes are clean, and throw if the result would not be.

    /// Cuts metadata out of the received bytes.
    private func cut(_ source: DecoderInput, _ header: PictureHeader, isMoving: Bool) throws -> ProcessedMedia.Cleaned?
    {
        do {
            if format == .jpeg { return try cutJPEG() }
            // Of a picture with too many frames, the decoder sees one frame, cleaned the same way. One whose brand it does not
            // know, it does not see.
            return try cut(
                job.input, by: format.cutter, verifying: source.isShortened ? source.path : nil,
                isReadable: source.isOfReceivedKind)
        } catch is MalformedFile where format != .heif && !isMoving {
            // The picture is decodable but cannot be cleaned by cutting.
            return try reencode(source, header)
        }
    }

    /// Where something was cut out between the scans, the decoder must see the same picture afterwards.
    private func cutJPEG() throws -> ProcessedMedia.Cleaned? {
        var cutsScans = false
        let cleaned = try cut(
            job.input,
            by: { file in
                let survey = try JPEGCleaner.survey(file)
                cutsScans = survey.cutsScans
                return survey.plan
            })
        if cutsScans, cleaned != nil, Picture.differs(job.input, job.output(BlobStore.cleanedSuffix)) {
            throw MalformedFile()
        }
        return cleaned
    }

    /// Encodes the picture anew, upright.
    private func reencode(_ source: DecoderInput, _ header: PictureHeader) throws -> ProcessedMedia.Cleaned? {
        guard let encoding = try encoding(), fits(header, frames: header.frames) else { throw MalformedFile() }
        let encoded = job.output(".encoded")
        defer { unlink(encoded) }
        try Picture.reencode(
            source.path, to: encoded, as: encoding, upright: header.frames == 1, allFrames: header.frames > 1)
        // The encoders add an EXIF block, which is cut.
        return try cut(encoded, by: format.cutter)
    }

    /// Cleans a file and checks the result, or `verified`.
    private func cut(
        _ path: String, by cutter: (ByteView) throws -> EditPlan, verifying verified: String? = nil,
        isReadable: Bool = true
    ) throws -> ProcessedMedia.Cleaned? {
        let (plan, size) = try FileCleaning.plan(path, by: cutter)
        if path == job.input && plan.keepsAll(of: size) {
            if isReadable { try verify(verified ?? path) }
            return nil
        }
        let destination = job.output(BlobStore.cleanedSuffix)
        let cleaned = try FileCleaning.write(plan, from: path, to: destination)
        if isReadable { try verify(verified ?? destination) }
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
