/// Cuts metadata out of a WebP without touching its pixels (RFC 9649).
enum WebPCleaner {
    /// The flags of `VP8X`.
    private enum Flag {
        static let animation: UInt8 = 0x02
        static let metadata: UInt8 = 0x08 | 0x04
    }

    /// Keeps the pixels, their color profile and their animation. Drops EXIF, XMP, unknown chunks, misplaced chunks, and
    /// everything after the file's end, and corrects the header.
    static func plan(_ file: ByteView) throws -> EditPlan { try survey(file, keeping: .max).plan }

    /// The plan for a file of the first `limit` frames, and the number of frames.
    static func survey(_ file: ByteView, keeping limit: Int) throws -> (plan: EditPlan, frames: Int) {
        guard file.has("RIFF", at: 0), file.has("WEBP", at: 8) else { throw MalformedFile() }
        let end = min(file.count, 8 + (try file.littleEndian(4, size: 4)))
        var kept = RIFFChunks()
        var image = ImageChunks()
        var (flags, hasProfile, hasLoop, frames) = (nil as UInt8?, false, false, 0)
        var isAnimated: Bool { (flags ?? 0) & Flag.animation != 0 }
        try RIFFChunk.forEach(in: 12..<max(12, end), of: file) { chunk in
            switch chunk.type {
            case "VP8X" where kept.size == 0:
                flags = try file.byte(chunk.content.lowerBound)
                try kept.add(chunk, upTo: 10, of: file) { $0 & ~Flag.metadata }
            case "ICCP" where flags != nil && !hasProfile:
                hasProfile = true
                kept.add(chunk)
            case "ANIM" where isAnimated && !hasLoop:
                hasLoop = true
                try kept.add(chunk, upTo: 6, of: file)
            case "ANMF" where isAnimated:
                frames += 1
                if frames <= limit { try addFrame(chunk, to: &kept, of: file) }
            case "ALPH" where flags == nil: break
            default: if !isAnimated { image.take(chunk, into: &kept) }
            }
        }
        return (try kept.plan.framed(file, size: 4 + kept.size), max(1, frames))
    }

    /// Sixteen bytes of position and timing, then the chunks of an image.
    private static func addFrame(_ chunk: RIFFChunk, to kept: inout RIFFChunks, of file: ByteView) throws {
        guard chunk.content.count >= 16 else { throw MalformedFile() }
        var pixels = RIFFChunks()
        var image = ImageChunks()
        try RIFFChunk.forEach(in: chunk.content.dropFirst(16), of: file) { image.take($0, into: &pixels) }
        var content = EditPlan()
        content.copy(chunk.content.prefix(16))
        content.append(pixels.plan)
        kept.add(chunk, content, size: 16 + pixels.size)
    }

    /// The chunks of one image: the pixels, and before them the transparency of pixels that have none of their own.
    private struct ImageChunks {
        private var alpha: RIFFChunk?
        private var isComplete = false

        mutating func take(_ chunk: RIFFChunk, into kept: inout RIFFChunks) {
            if isComplete { return }
            switch chunk.type {
            case "ALPH": alpha = alpha ?? chunk
            case "VP8 ", "VP8L":
                if chunk.type == "VP8 ", let alpha { kept.add(alpha) }
                kept.add(chunk)
                isComplete = true
            default: break
            }
        }
    }

    /// Whether the first frame is lossless, so it can be written again the same way.
    static func isLossless(_ file: ByteView) -> Bool {
        var position = 12
        while let type = try? file.fourCC(position), let length = try? file.littleEndian(position + 4, size: 4) {
            if type == "VP8L" { return true }
            if type == "VP8 " { return false }
            // A frame of an animation holds its own chunks after 16 bytes.
            position += type == "ANMF" ? 8 + 16 : 8 + length + length % 2
        }
        return false
    }
}

/// A chunk: a four-letter type, a length, the content, and a byte of padding after an odd length.
private struct RIFFChunk {
    let type: String
    let content: Range<Int>
    /// The range without padding if the space ends before it: some encoders omit the last padding byte.
    let end: Int

    static func forEach(in space: Range<Int>, of file: ByteView, _ body: (RIFFChunk) throws -> Void) throws {
        var position = space.lowerBound
        while position + 8 <= space.upperBound {
            let length = try file.littleEndian(position + 4, size: 4)
            let content = (position + 8)..<(position + 8 + length)
            guard content.upperBound <= space.upperBound else { throw MalformedFile() }
            let end = min(content.upperBound + length % 2, space.upperBound)
            try body(RIFFChunk(type: try file.fourCC(position), content: content, end: end))
            position = end
        }
    }
}

/// The chunks of a new file, or those inside one of its chunks.
private struct RIFFChunks {
    private(set) var plan = EditPlan()
    /// The size in bytes.
    private(set) var size = 0

    mutating func add(_ chunk: RIFFChunk) {
        var content = EditPlan()
        content.copy(chunk.content)
        add(chunk, content, size: chunk.content.count)
    }

    /// Appends the first `count` bytes of the chunk's content, with the first one changed. Fewer bytes are malformed.
    mutating func add(
        _ chunk: RIFFChunk, upTo count: Int, of file: ByteView, changingFirst change: (UInt8) -> UInt8 = { $0 }
    ) throws {
        guard chunk.content.count >= count else { throw MalformedFile() }
        let first = try file.byte(chunk.content.lowerBound)
        var content = EditPlan()
        if change(first) == first {
            content.copy(chunk.content.prefix(1))
        } else {
            content.insert([change(first)])
        }
        content.copy(chunk.content.prefix(count).dropFirst())
        add(chunk, content, size: count)
    }

    /// Appends a chunk of the same type with this content.
    mutating func add(_ chunk: RIFFChunk, _ content: EditPlan, size: Int) {
        let start = chunk.content.lowerBound - 8
        if size == chunk.content.count {
            plan.copy(start..<(start + 8))
        } else {
            plan.copy(start..<(start + 4))
            plan.insert((0..<4).map { UInt8(truncatingIfNeeded: size >> ($0 * 8)) })
        }
        plan.append(content)
        if size % 2 == 1 {
            if size == chunk.content.count && chunk.end > chunk.content.upperBound {
                plan.copy(chunk.content.upperBound..<chunk.end)
            } else {
                plan.insert([0])
            }
        }
        self.size += 8 + size + size % 2
    }
}

extension EditPlan {
    /// The RIFF header for this body. It is the original one if nothing in it changes, so a clean file stays unchanged.
    fileprivate func framed(_ file: ByteView, size: Int) throws -> EditPlan {
        guard let size = UInt32(exactly: size) else { throw MalformedFile() }
        var plan = EditPlan()
        if try file.littleEndian(4, size: 4) == Int(size) {
            plan.copy(0..<12)
        } else {
            plan.copy(0..<4)
            plan.insert((0..<4).map { UInt8(truncatingIfNeeded: size >> ($0 * 8)) })
            plan.copy(8..<12)
        }
        plan.append(self)
        return plan
    }
}
