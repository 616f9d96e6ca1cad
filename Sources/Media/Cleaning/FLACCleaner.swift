/// Keeps of a FLAC its settings and its frames (RFC 9639). Drops comments, covers, and what stands before and behind: ID3 and
/// APE tags, archives.
enum FLACCleaner {
    /// Settings, and the table for seeking.
    private static let keptBlocks: Set<UInt8> = [0, 3]
    private static let comments: UInt8 = 4
    private static let lastBlock: UInt8 = 0x80
    private static let channelMask = "WAVEFORMATEXTENSIBLE_CHANNEL_MASK="

    static func plan(_ file: ByteView) throws -> EditPlan {
        let start = try SoundTags.behindTags(file)
        guard file.has("fLaC", at: start) else { throw MalformedFile() }
        var kept: [(header: Int, end: Int)] = []
        var mask: [UInt8] = []
        var position = start + 4
        var isLast = false
        while !isLast {
            let flags = try file.byte(position)
            isLast = flags & lastBlock != 0
            let end = position + 4 + (try file.bigEndian(position + 1, size: 3))
            guard end <= file.count, flags & 0x7F != 0x7F else { throw MalformedFile() }
            if keptBlocks.contains(flags & 0x7F) { kept.append((position, end)) }
            if flags & 0x7F == comments, mask.isEmpty { mask = try maskBlock(file, (position + 4)..<end) }
            position = end
        }
        guard let first = kept.first, try file.byte(first.header) & 0x7F == 0, first.end - first.header == 38 else {
            throw MalformedFile()
        }
        var plan = EditPlan()
        plan.copy(start..<(start + 4))
        for (index, block) in kept.enumerated() {
            let flags = try file.byte(block.header)
            let isLast = index == kept.count - 1 && mask.isEmpty
            if (flags & lastBlock != 0) == isLast {
                plan.copy(block.header..<block.end)
            } else {
                plan.insert([flags & 0x7F | (isLast ? lastBlock : 0)])
                plan.copy((block.header + 1)..<block.end)
            }
        }
        if !mask.isEmpty { plan.insert(mask) }
        // A file without a sound is none.
        guard position < file.count else { throw MalformedFile() }
        let space = position..<max(position, try SoundTags.between(file).upperBound)
        plan.copy(position..<(try FLACFrames(file: file, settings: first.header + 4, space: space)).end)
        return plan
    }

    /// A block of comments with nothing but the places of the loudspeakers, if there are any: "WAVEFORMATEXTENSIBLE_CHANNEL_MASK"
    /// (RFC 9639, section 8.6.2).
    private static func maskBlock(_ file: ByteView, _ content: Range<Int>) throws -> [UInt8] {
        guard let comment = try XiphComments.list(file, in: content).first(where: { isMask(file, $0) }) else {
            return []
        }
        let text = Array(try file.slice(comment.lowerBound, comment.count))
        let content = [0, 0, 0, 0, 1, 0, 0, 0, UInt8(text.count), 0, 0, 0] + text
        return [comments | lastBlock, 0, 0, UInt8(content.count)] + content
    }

    private static func isMask(_ file: ByteView, _ comment: Range<Int>) -> Bool {
        guard comment.count <= channelMask.utf8.count + 10,
            let text = try? file.slice(comment.lowerBound, comment.count)
        else { return false }
        let words = String(decoding: text, as: UTF8.self).uppercased()
        return words.hasPrefix(channelMask + "0X") && words.dropFirst(channelMask.count + 2).allSatisfy(\.isHexDigit)
    }

    /// Blocks as they stand in other files (`dfLa`, Matroska's `CodecPrivate`): those that are not kept become padding, which
    /// decoders skip.
    static func patches(_ file: ByteView, in range: Range<Int>) throws -> [Patch] {
        var patches: [Patch] = []
        var position = range.lowerBound
        while position + 4 <= range.upperBound {
            let flags = try file.byte(position)
            let end = position + 4 + (try file.bigEndian(position + 1, size: 3))
            guard end <= range.upperBound else { break }
            if !keptBlocks.contains(flags & 0x7F) {
                patches.append(Patch(range: position..<(position + 1), bytes: [flags & lastBlock | 1]))
                patches.append(.zero((position + 4)..<end))
            }
            position = end
            if flags & lastBlock != 0 { break }
        }
        return patches + [.zero(position..<range.upperBound)]
    }
}
