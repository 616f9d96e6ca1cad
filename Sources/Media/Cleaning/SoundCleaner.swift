/// Keeps the frames of an MP3, an AAC or an AMR, and nothing else: tags stand before, behind and between them, some behind
/// zeros, and archives are appended.
enum SoundCleaner {
    static func mpeg(_ file: ByteView) throws -> EditPlan { try plan(file, .mpeg) }
    static func adts(_ file: ByteView) throws -> EditPlan { try plan(file, .adts) }

    /// A magic number, then frames. The one for several channels has a header of its own, and is nowhere found.
    static func amr(_ file: ByteView) throws -> EditPlan {
        let isWide = file.has("#!AMR-WB\n", at: 0)
        guard isWide || file.has("#!AMR\n", at: 0) else { throw MalformedFile() }
        let start = isWide ? 9 : 6
        let frames = SoundFrames.amr(isWide: isWide)
        guard let first = frames.parts(of: file, in: start..<max(start, file.count)).first, first.lowerBound == start
        else { throw MalformedFile() }
        var plan = EditPlan()
        plan.copy(0..<first.upperBound)
        return plan
    }

    private static func isFreeFormat(_ file: ByteView, _ position: Int) -> Bool {
        guard let header = try? file.bigEndian(position, size: 4) else { return false }
        return header >> 21 == 0x7FF && header >> 12 & 15 == 0 && header >> 17 & 3 != 0 && header >> 19 & 3 != 1
    }

    private static func plan(_ file: ByteView, _ frames: SoundFrames) throws -> EditPlan {
        // Without the tags that are known: what is in them may look like a frame, or end in the midst of the last one.
        let space = try SoundTags.between(file)
        var parts = frames.parts(of: file, in: space)
        // Frames of a rate that is not in the table do not say how long they are.
        if parts.isEmpty, isFreeFormat(file, space.lowerBound) { parts = [space] }
        // A file of tags alone is not a sound.
        guard !parts.isEmpty else { throw MalformedFile() }
        var plan = EditPlan()
        for part in parts { plan.copy(part) }
        return plan
    }
}
