/// Keeps of a WAVE file its format and its samples. Drops lists of texts, broadcasters' descriptions, ID3, XMP, and what stands
/// behind (Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0", chapter 3).
enum WAVCleaner {
    private static let kept: Set<String> = ["fmt ", "fact", "data"]
    private static let headSize = 12

    /// Files of more than 4 GiB, of the other byte order, and those whose samples have no or another length than they say are
    /// not understood: ffmpeg copies them.
    static func plan(_ file: ByteView) throws -> EditPlan {
        guard file.has("RIFF", at: 0), file.has("WAVE", at: 8) else { throw MalformedFile() }
        var (chunks, names): ([Range<Int>], [String]) = ([], [])
        var position = headSize
        while !names.contains("data") || position + 8 <= file.count {
            let name = try file.fourCC(position)
            let size = try file.littleEndian(position + 4, size: 4)
            let end = position + 8 + size
            // What stands behind the samples may be cut short: it is dropped.
            guard end <= file.count else {
                guard names.contains("data"), name != "data" else { throw MalformedFile() }
                break
            }
            // An odd one is followed by a byte that belongs to none, except at the end of some files.
            let next = min(end + size % 2, file.count)
            if kept.contains(name), !names.contains(name) {
                guard name != "data" || size > 0 else { throw MalformedFile() }
                chunks.append(position..<next)
                names.append(name)
            }
            position = next
        }
        guard names.contains("fmt "), chunks.count < 4 else { throw MalformedFile() }
        return try plan(chunks, of: file)
    }

    private static func plan(_ chunks: [Range<Int>], of file: ByteView) throws -> EditPlan {
        let size = 4 + chunks.map(\.count).reduce(0, +)
        var plan = EditPlan()
        if try file.littleEndian(4, size: 4) == size {
            plan.copy(0..<headSize)
        } else {
            plan.copy(0..<4)
            plan.insert((0..<4).map { UInt8(truncatingIfNeeded: size >> ($0 * 8)) })
            plan.copy(8..<headSize)
        }
        for chunk in chunks { plan.copy(chunk) }
        return plan
    }
}
