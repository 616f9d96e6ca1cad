internal import Glibc

/// Cleans a video or a sound, and determines its length, size and thumbnails by ffmpeg. Runs in a worker.
struct MovieJob {
    let job: WorkerJob
    let host: JobHost
    let demuxer: String
    let cleaning: MovieCleaning

    /// What others get, and whether it holds no metadata.
    private struct Served {
        /// Nil for the received bytes.
        var cleaned: ProcessedMedia.Cleaned?
        var isCleaned = true
        /// In seconds, as far as the file itself tells.
        var duration: Double?
    }

    func run() throws -> ProcessedMedia {
        let start = ContinuousClock.now
        var media = ProcessedMedia.plainFile(type: job.type)
        let ffmpeg = job.tools.ffmpeg == nil ? nil : FFmpeg(host: host, demuxer: demuxer)
        let served: Served
        do {
            served = try clean(ffmpeg)
        } catch is MalformedFile {
            return .plainFile(type: job.type, audience: .ownerOnly)
        }
        media.cleaned = served.cleaned
        media.isCleaned = served.isCleaned
        guard let ffmpeg, let probe = try ffmpeg.probe(path(of: served)) else { return media }
        if probe.streams.contains(where: { $0.codec == "mjpeg" }) { try cleanFrames(&media) }
        // A picture of unknown size cannot be shown: the file is a plain one.
        if probe.hasPicture && probe.size == nil { return media }
        media.kind = probe.hasPicture ? .video : .audio
        media.duration = probe.duration ?? served.duration.flatMap { 0...ProcessedMedia.maxDuration ~= $0 ? $0 : nil }
        (media.width, media.height) = (probe.size?.width, probe.size?.height)
        if media.kind == .audio, start.duration(to: .now) < .seconds(job.limits.seconds / 3) {
            media.waveform = try waveform(ffmpeg, of: path(of: served), media.duration)
        }
        if let size = probe.size, fits(size) { try addPoster(&media, ffmpeg, of: path(of: served), probe) }
        return media
    }

    private func path(of served: Served) -> String {
        served.cleaned == nil ? job.input : job.output(BlobStore.cleanedSuffix)
    }

    // MARK: - Cleaning

    private func clean(_ ffmpeg: FFmpeg?) throws -> Served {
        switch cleaning {
        case .cut(let cutter, let muxer):
            do {
                return Served(cleaned: try cut(job.input, cutter))
            } catch let error as MalformedFile {
                guard let muxer, let ffmpeg else { throw error }
                return try remux(ffmpeg, muxer, cutter)
            }
        case .matroska(let muxer): return try cleanMatroska(ffmpeg, muxer)
        // Without ffmpeg, a voice message must still arrive.
        case .remux(let muxer): return try ffmpeg.map { try remux($0, muxer) } ?? Served(isCleaned: false)
        case .nothing: return Served(isCleaned: false)
        }
    }

    /// Nil if the received bytes are clean.
    private func cut(
        _ path: String, _ cutter: (ByteView) throws -> EditPlan
    ) throws -> ProcessedMedia.Cleaned? {
        let (plan, size) = try FileCleaning.plan(path, by: cutter)
        if path == job.input && plan.keepsAll(of: size) { return nil }
        return try FileCleaning.write(plan, from: path, to: job.output(BlobStore.cleanedSuffix))
    }

    /// The received bytes are served where ffmpeg would change what they show. `cutter` cleans the copy once more.
    private func remux(
        _ ffmpeg: FFmpeg, _ muxer: String, _ cutter: (ByteView) throws -> EditPlan = { .copying($0.count) }
    ) throws -> Served {
        let copy = job.output(".encoded")
        defer { unlink(copy) }
        switch try ffmpeg.remux(job.input, to: copy, as: muxer) {
        case .failed: throw MalformedFile()
        case .differs: return Served(isCleaned: false)
        case .same: return Served(cleaned: try cut(copy, cutter))
        }
    }

    /// In its own bytes. What a browser recorded has no length and no index, so ffmpeg copies it first, and that copy is
    /// cleaned. A damaged one is copied as well.
    private func cleanMatroska(_ ffmpeg: FFmpeg?, _ muxer: String) throws -> Served {
        let survey: MatroskaCleaner.Survey
        do {
            survey = try FileCleaning.view(job.input, MatroskaCleaner.survey)
        } catch let error as MalformedFile {
            guard let ffmpeg else { throw error }
            return try remux(ffmpeg, muxer, MatroskaCleaner.plan)
        }
        if survey.isLive, let ffmpeg {
            do {
                let served = try remux(ffmpeg, muxer, MatroskaCleaner.plan)
                if served.isCleaned { return served }
            } catch is MalformedFile {}
        }
        return Served(cleaned: try cut(job.input, MatroskaCleaner.plan), duration: survey.duration)
    }

    /// The pictures of a film may be JPEGs with metadata of their own.
    private func cleanFrames(_ media: inout ProcessedMedia) throws {
        let destination = job.output(BlobStore.cleanedSuffix)
        let source = media.cleaned == nil ? job.input : destination
        let (plan, size) = try FileCleaning.plan(source, by: JPEGFrames.plan)
        if plan.keepsAll(of: size) { return }
        let copy = job.output(".encoded")
        defer { unlink(copy) }
        // The sandbox renames nothing.
        _ = try FileCleaning.write(plan, from: source, to: copy)
        media.cleaned = try cut(copy) { .copying($0.count) }
    }

    // MARK: - The waveform

    /// Made only while there is time: without it, the file is worth as much.
    private func waveform(_ ffmpeg: FFmpeg, of sound: String, _ duration: Double?) throws -> [UInt8]? {
        guard duration ?? 0 <= Waveform.maxSeconds else { return nil }
        let samples = job.output(".samples")
        defer { unlink(samples) }
        return try ffmpeg.writeSamples(of: sound, to: samples) ? Waveform.peaks(ofSamples: samples) : nil
    }

    // MARK: - The poster

    private func fits(_ size: (width: Int, height: Int)) -> Bool {
        let limits = job.limits
        return (1...limits.maxEdge).contains(size.width) && (1...limits.maxEdge).contains(size.height)
            && size.width * size.height <= limits.maxPixels
    }

    /// A video without a decodable frame has no thumbnails.
    private func addPoster(
        _ media: inout ProcessedMedia, _ ffmpeg: FFmpeg, of film: String, _ probe: MovieProbe
    ) throws {
        let poster = job.output(".poster")
        defer { unlink(poster) }
        guard try ffmpeg.writePoster(of: film, to: poster, probe) else { return }
        try ThumbnailMaker(job: job).illustrate(&media, poster, convertColors: false, animated: false)
    }
}
