/// Removes metadata from an MP4, MOV or 3GP without re-encoding. Everything that is not known to be needed for showing the
/// picture and playing the sound is overwritten in place, so sample offsets stay valid.
///
/// Locations and names can be in boxes of many names, in tracks that are neither picture nor sound, and in bytes between the
/// samples that no table mentions. So only the boxes of `MovieRules` and the samples of the kept tracks are kept.
enum MovieCleaner {
    static func plan(_ file: ByteView) throws -> EditPlan {
        let boxes = try ISOBox.list(file, in: 0..<file.count, tolerant: true)
        let movie = try Movie(file, boxes)
        return try plan(file, boxes, MovieRules.file, removed: movie.removed, coverage: movie.coverage, movie.patches)
    }

    /// Keeps the boxes that `rules` name and, of the media data, the covered parts.
    static func plan(
        _ file: ByteView, _ boxes: [ISOBox], _ rules: [String: BoxRule], removed: Set<Int>, coverage: Coverage,
        _ patches: [Patch]
    ) throws -> EditPlan {
        // Media data may be truncated. Anything else that is truncated is no box: bytes were appended to the file.
        func isKept(_ box: ISOBox) -> Bool {
            rules[box.type] != nil && !removed.contains(box.range.lowerBound)
                && (!box.isTruncated || box.type == "mdat")
        }
        guard let last = boxes.lastIndex(where: isKept) else { throw MalformedFile() }
        let boxes = boxes[...last]
        let data = boxes.filter { $0.type == "mdat" }.map(\.content)
        let all =
            try patches + BoxCleaner(file: file, removed: removed).patches(Array(boxes), rules)
            + coverage.gaps(in: data).map(Patch.zero)
        return try EditPlan.patching(size: boxes[last].range.upperBound, all.filter { $0.changes(file) })
    }
}

/// A movie's tracks: which to keep, and where their samples are.
struct Movie {
    private(set) var coverage: Coverage
    /// The offsets of boxes to erase although their names are allowed, because they belong to erased tracks.
    private(set) var removed: Set<Int> = []
    /// The samples of the kept tracks.
    private(set) var patches: [Patch] = []

    /// The handlers of the tracks to keep.
    private static let handlers: [String: SampleDescriptions] = ["vide": .picture, "soun": .sound]
    /// The tracks of words: subtitles and captions.
    private static let textHandlers: Set<String> = ["sbtl", "subt", "text", "clcp"]
    /// The tracks of a picture that moves (23008-12, section 7): its frames, and their transparency.
    private static let pictureHandlers: [String: SampleDescriptions] = ["pict": .picture, "auxv": .picture]

    /// - Parameters:
    ///   - boxes: The file's top-level boxes.
    ///   - isPicture: Whether it is a picture that moves, and not a film.
    init(_ file: ByteView, _ boxes: [ISOBox], isPicture: Bool = false) throws {
        coverage = Coverage(size: file.count)
        let movies = boxes.filter { $0.type == "moov" && !$0.isTruncated }
        // Readers ignore a second one.
        guard let movie = movies.first else { throw MalformedFile() }
        removed.formUnion(movies.dropFirst().map(\.range.lowerBound))
        let children = try ISOBox.list(file, in: movie.content, tolerant: true)
        // A compressed movie box hides its content.
        guard !children.contains(where: { $0.type == "cmov" }) else { throw MalformedFile() }

        let tracks = try children.filter { $0.type == "trak" }.map { try Track(file, $0) }
        let handlers = isPicture ? Self.handlers.merging(Self.pictureHandlers) { $1 } : Self.handlers
        let isFragmented = boxes.contains { $0.type == "moof" }
        let chapters = Set(try tracks.flatMap { try $0.chapters(file) })
        let subtitles = Set(
            try tracks.compactMap { track in
                guard !isFragmented, let handler = track.handler, Self.textHandlers.contains(handler),
                    let id = track.id,
                    !chapters.contains(id), try !Subtitles(file, track.children).areRecordings
                else { return nil as Int? }
                return id
            })
        func descriptions(_ track: Track) -> SampleDescriptions? {
            guard let id = track.id else { return nil }
            return subtitles.contains(id) ? .text : track.handler.flatMap { handlers[$0] }
        }
        let ids = Set(tracks.filter { descriptions($0) != nil }.compactMap(\.id))
        guard !ids.subtracting(subtitles).isEmpty else { throw MalformedFile() }
        for track in tracks {
            guard let descriptions = descriptions(track) else {
                removed.insert(track.box.range.lowerBound)
                continue
            }
            let cleaner = BoxCleaner(file: file, removed: try track.references(file, besides: ids))
            patches += try cleaner.patches(
                cleaner.children(from: track.box.content.lowerBound, of: track.box), MovieRules.track(descriptions))
            try TrackSamples(file, track.children, descriptions).cover(&coverage)
        }

        var fragments = FragmentSamples(file: file, tracks: ids)
        for box in children where box.type == "mvex" { removed.formUnion(try fragments.readDefaults(box)) }
        for box in boxes where box.type == "moof" && !box.isTruncated {
            removed.formUnion(try fragments.cover(box, &coverage))
        }
    }
}

private struct Track {
    let box: ISOBox
    let children: [ISOBox]
    /// Nil if the track does not name its handler: nothing can play it.
    let id: Int?
    let handler: String?

    init(_ file: ByteView, _ box: ISOBox) throws {
        self.box = box
        children = try ISOBox.list(file, in: box.content, tolerant: true)
        let header = children.first { $0.type == "tkhd" }?.content
        id = try header.map { header in
            let isLong = try file.byte(header.lowerBound) == 1
            return try file.bigEndian(header.lowerBound + (isLong ? 20 : 12), size: 4)
        }
        let media = try children.first { $0.type == "mdia" }.map {
            try ISOBox.list(file, in: $0.content, tolerant: true)
        }
        handler = try media?.first { $0.type == "hdlr" }.map { try file.fourCC($0.content.lowerBound + 8) }
    }

    /// The tracks that hold this track's chapters.
    func chapters(_ file: ByteView) throws -> [Int] {
        let references = try children.filter { $0.type == "tref" }.flatMap {
            try ISOBox.list(file, in: $0.content, tolerant: true)
        }
        return try references.filter { $0.type == "chap" }.flatMap { reference in
            try stride(from: reference.content.lowerBound, to: reference.content.upperBound - 3, by: 4).map {
                try file.bigEndian($0, size: 4)
            }
        }
    }

    /// The references to tracks that are not kept, by their start.
    func references(_ file: ByteView, besides kept: Set<Int>) throws -> Set<Int> {
        let references = try children.filter { $0.type == "tref" }.flatMap {
            try ISOBox.list(file, in: $0.content, tolerant: true)
        }
        return Set(
            try references.filter { reference in
                try stride(from: reference.content.lowerBound, to: reference.content.upperBound, by: 4).contains {
                    !kept.contains(try file.bigEndian($0, size: 4))
                }
            }.map(\.range.lowerBound))
    }
}
