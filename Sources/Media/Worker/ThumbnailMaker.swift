internal import Glibc

/// Makes the three thumbnails and the blurhash of a picture, from one decoding: each size is made of the one above it.
struct ThumbnailMaker {
    let job: WorkerJob

    /// Gives `media` the thumbnails and the blurhash of the picture at `path`; none where it cannot be decoded. What is not
    /// to be turned `upright` is shown as stored. Throws `storageFull`.
    func illustrate(
        _ media: inout ProcessedMedia, _ path: String, upright: Bool = true, convertColours: Bool, animated: Bool
    ) throws {
        do {
            (media.thumbnails, media.blurhash) = try make(
                path, upright: upright, convertColours: convertColours, animated: animated)
        } catch let error as MediaError where error.code == .storageFull {
            throw error
        } catch {
            return
        }
    }

    /// Shrinks while it loads, so a large JPEG is never decoded at full size.
    private func make(
        _ path: String, upright: Bool, convertColours: Bool, animated: Bool
    ) throws -> ([Thumbnail], blurhash: String?) {
        let large = try Picture(
            path: path, edge: ThumbnailSize.large.maxEdge, allFrames: false, upright: upright,
            convertColours: convertColours)
        let medium = try large.reduced(to: ThumbnailSize.medium.maxEdge)
        let small = try medium.reduced(to: ThumbnailSize.small.maxEdge)
        let moving = animated ? try? movingMedium(path, convertColours) : nil
        let thumbnails = [
            try write(small, .small), try write(moving ?? medium, .medium), try write(large, .large),
        ]
        let tiny = try small.reduced(to: 32)
        return (thumbnails, Blurhash.encode(rgb: try tiny.rgb(), width: tiny.width, height: tiny.height))
    }

    /// libvips would turn all frames as one strip.
    private func movingMedium(_ path: String, _ convertColours: Bool) throws -> Picture {
        try Picture(
            path: path, edge: ThumbnailSize.medium.maxEdge, allFrames: true, upright: false,
            convertColours: convertColours)
    }

    private func write(_ picture: Picture, _ size: ThumbnailSize) throws -> Thumbnail {
        // libvips 8.14 adds an EXIF block of its own to every WebP: cut it as from any other.
        let encoded = job.output(".encoded")
        defer { unlink(encoded) }
        try picture.writeWebP(to: encoded)
        let plan = try FileCleaning.plan(encoded, by: WebPCleaner.plan).plan
        _ = try FileCleaning.write(plan, from: encoded, to: job.output(BlobVariant.thumbnail(size).suffix))
        return Thumbnail(size: size, width: picture.width, height: picture.height)
    }
}
