/// Removes metadata from an MP4, MOV or 3GP without re-encoding: what holds it is overwritten in place, so that the sample
/// offsets stay true.
///
/// Places and titles stand in `udta` (`©xyz`, `loci`, iTunes' `ilst`), `meta` (QuickTime's `mdta` keys) and `uuid` (XMP);
/// cameras also record their position all along in tracks whose handler is neither picture nor sound.
enum MovieCleaner {
    private static let metadata: Set<String> = ["udta", "meta", "uuid", "free", "skip", "wide"]
    private static let containers: Set<String> = ["moov", "trak", "mdia", "minf", "edts", "moof", "traf", "mvex"]
    /// The handlers of tracks to keep: picture, sound, and text shown with them.
    private static let keptHandlers: Set<String> = ["vide", "soun", "subt", "sbtl", "text", "clcp"]
    private static let maxDepth = 8

    static func plan(_ file: ByteView) throws -> EditPlan {
        let boxes = try ISOBox.list(file, in: 0..<file.count, tolerant: true)
        guard boxes.contains(where: { $0.type == "moov" && !$0.isTruncated }) else { throw MalformedFile() }
        // Whatever follows the last box is no part of the movie.
        let end = boxes.last?.range.upperBound ?? 0
        return try EditPlan.patching(
            size: end, try patches(file, boxes, depth: 0, isFragmented: boxes.contains { $0.type == "moof" }))
    }

    private static func patches(_ file: ByteView, _ boxes: [ISOBox], depth: Int, isFragmented: Bool) throws -> [Patch] {
        guard depth < maxDepth else { throw MalformedFile() }
        return try boxes.flatMap { box in
            if metadata.contains(box.type) { return isEmptySpace(file, box) ? [] : box.erased }
            guard containers.contains(box.type) else { return [] }
            let children = try ISOBox.list(file, in: box.content, tolerant: true)
            if box.type == "trak", try !isKept(file, children) {
                // A fragmented movie's samples are scattered among those of the other tracks.
                if isFragmented { throw MalformedFile() }
                return box.erased + (try TrackSamples(file, children).ranges(in: file).map(Patch.zero))
            }
            return try patches(file, children, depth: depth + 1, isFragmented: isFragmented)
        }
    }

    /// A file that is clean already stays byte for byte as it is.
    private static func isEmptySpace(_ file: ByteView, _ box: ISOBox) -> Bool {
        guard ["free", "skip", "wide"].contains(box.type) else { return false }
        return (try? file.slice(box.content.lowerBound, box.content.count).allSatisfy { $0 == 0 }) ?? false
    }

    private static func isKept(_ file: ByteView, _ trackBoxes: [ISOBox]) throws -> Bool {
        guard let media = trackBoxes.first(where: { $0.type == "mdia" }),
            let handler = try ISOBox.list(file, in: media.content, tolerant: true).first(where: { $0.type == "hdlr" })
        else { throw MalformedFile() }
        // Version and flags, then a field that QuickTime calls the component type, then the handler.
        return keptHandlers.contains(try file.fourCC(handler.content.lowerBound + 8))
    }
}
