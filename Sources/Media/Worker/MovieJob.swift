internal import Glibc

/// Cleans a video or a sound, and determines its length, size and thumbnails by ffmpeg. Runs in a worker.
struct MovieJob {
    let job: WorkerJob
    let host: JobHost
    let demuxer: String
    let cleaning: MovieCleaning

    func run() throws -> ProcessedMedia {
        let start = ContinuousClock.now
        var media = ProcessedMedia.plainFile(type: job.type)
        let ffmpeg = job.ffmpeg == nil ? nil : FFmpeg(host: host, input: job.input, demuxer: demuxer)
        do {
            media.cleaned = try clean(ffmpeg)
        } catch is MalformedFile {
            return .plainFile(type: job.type, audience: .ownerOnly)
        }
        guard let ffmpeg, let facts = try ffmpeg.probe() else { return media }
        media.kind = facts.hasPicture ? .video : .audio
        media.duration = facts.duration
        if media.kind == .audio, start.duration(to: .now) < .seconds(job.limits.seconds / 3) {
            media.waveform = try waveform(ffmpeg, media.duration)
        }
        if facts.hasPicture {
            (media.width, media.height) = (facts.width, facts.height)
            if fits(facts) { try addPoster(&media, ffmpeg, facts) }
        }
        return media
    }

    /// Nil if the received bytes are served: they are clean, or nothing here can clean them. Without ffmpeg, a voice message
    /// must still arrive.
    private func clean(_ ffmpeg: FFmpeg?) throws -> ProcessedMedia.Cleaned? {
        switch cleaning {
        case .boxes: return try cut(MovieCleaner.plan)
        case .tags: return try cut(SoundTagCleaner.plan)
        case .remux(let muxer): return try ffmpeg.map { try remux($0, muxer) }
        case .nothing: return nil
        }
    }

    private func cut(_ cutter: (ByteView) throws -> EditPlan) throws -> ProcessedMedia.Cleaned? {
        let (plan, size) = try FileCleaning.plan(job.input, by: cutter)
        if plan.keepsAll(of: size) { return nil }
        return try FileCleaning.write(plan, from: job.input, to: job.output(BlobStore.cleanedSuffix))
    }

    private func remux(_ ffmpeg: FFmpeg, _ muxer: String) throws -> ProcessedMedia.Cleaned {
        let copy = job.output(".encoded")
        defer { unlink(copy) }
        guard try ffmpeg.remux(to: copy, as: muxer) else { throw MalformedFile() }
        return try FileCleaning.write(
            FileCleaning.plan(copy) { EditPlan.copying($0.count) }.plan, from: copy,
            to: job.output(BlobStore.cleanedSuffix))
    }

    // MARK: - The waveform

    /// Made only while there is time: without it, the file is worth as much.
    private func waveform(_ ffmpeg: FFmpeg, _ duration: Double?) throws -> [UInt8]? {
        guard duration ?? 0 <= Waveform.maxSeconds else { return nil }
        let samples = job.output(".samples")
        defer { unlink(samples) }
        return try ffmpeg.writeSamples(to: samples) ? Waveform.peaks(ofSamples: samples) : nil
    }

    private func fits(_ facts: MovieFacts) -> Bool {
        guard let width = facts.width, let height = facts.height else { return false }
        let limits = job.limits
        return (1...limits.maxEdge).contains(width) && (1...limits.maxEdge).contains(height)
            && width * height <= limits.maxPixels
    }

    /// A video without a decodable frame has no thumbnails.
    private func addPoster(_ media: inout ProcessedMedia, _ ffmpeg: FFmpeg, _ facts: MovieFacts) throws {
        let poster = job.output(".poster")
        defer { unlink(poster) }
        guard try ffmpeg.writePoster(to: poster, facts) else { return }
        try ThumbnailMaker(job: job).illustrate(&media, poster, convertColors: false, animated: false)
    }
}
