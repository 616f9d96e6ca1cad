internal import Foundation
internal import Glibc

/// Cleans a video or a sound, and finds out its length, its size and its looks by ffmpeg. Runs in a worker.
struct MovieJob {
    let job: WorkerJob
    let kind: MediaKind
    let demuxer: String
    let isISO: Bool

    func run() throws -> ProcessedMedia {
        var media = ProcessedMedia.plainFile(type: job.type)
        do {
            if isISO { media.cleaned = try clean() }
        } catch is MalformedFile {
            return .plainFile(type: job.type, audience: .ownerOnly)
        }
        guard let tools = job.ffmpeg else { return media }
        let ffmpeg = FFmpeg(tools: tools, input: job.input, demuxer: demuxer)
        guard let facts = try ffmpeg.probe() else { return media }
        media.kind = facts.hasPicture ? .video : .audio
        media.duration = facts.duration
        if facts.hasPicture {
            (media.width, media.height) = (facts.width, facts.height)
            if fits(facts) { addPoster(&media, ffmpeg, facts) }
        }
        return media
    }

    private func clean() throws -> ProcessedMedia.Cleaned? {
        let (plan, size) = try FileCleaning.plan(job.input, by: MovieCleaner.plan)
        if plan.keepsAll(of: size) { return nil }
        return try FileCleaning.write(plan, from: job.input, to: job.output(BlobStore.cleanedSuffix))
    }

    private func fits(_ facts: MovieFacts) -> Bool {
        guard let width = facts.width, let height = facts.height else { return false }
        let limits = job.limits
        return (1...limits.maxEdge).contains(width) && (1...limits.maxEdge).contains(height)
            && width * height <= limits.maxPixels
    }

    /// A video without a frame that can be decoded has no thumbnails.
    private func addPoster(_ media: inout ProcessedMedia, _ ffmpeg: FFmpeg, _ facts: MovieFacts) {
        let poster = job.output(".poster")
        defer { unlink(poster) }
        guard (try? ffmpeg.writePoster(to: poster, duration: facts.duration)) == true,
            let (thumbnails, blurhash) = try? ThumbnailMaker(job: job).make(
                poster, convertColours: false, animated: false)
        else { return }
        media.thumbnails = thumbnails
        media.blurhash = blurhash
    }
}
