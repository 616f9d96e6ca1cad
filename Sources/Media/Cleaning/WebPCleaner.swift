/// Cuts metadata out of a WebP without touching its pixels (RFC 9649).
enum WebPCleaner {
    private static let kept: Set<String> = ["VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP"]
    /// What `VP8X` says about the file: these two bits announce EXIF and XMP.
    private static let metadataFlags: UInt8 = 0x08 | 0x04

    /// Drops EXIF, XMP, unknown chunks and all that follows the file, and corrects its header.
    static func plan(_ file: ByteView) throws -> EditPlan {
        guard file.has("RIFF", at: 0), file.has("WEBP", at: 8) else { throw MalformedFile() }
        let end = min(file.count, 8 + (try file.littleEndian(4, size: 4)))
        var body = EditPlan()
        var size = 4
        var position = 12
        while position + 8 <= end {
            let type = try file.fourCC(position)
            let length = try file.littleEndian(position + 4, size: 4)
            let chunkEnd = position + 8 + length + length % 2
            // The padding byte of the last chunk is left out by some encoders.
            guard chunkEnd <= end || chunkEnd - length % 2 <= end else { throw MalformedFile() }
            if type == "VP8X" {
                guard length >= 10, chunkEnd <= end else { throw MalformedFile() }
                let flags = try file.byte(position + 8)
                body.copy(position..<(position + 8))
                if flags & metadataFlags == 0 {
                    body.copy((position + 8)..<(position + 9))
                } else {
                    body.insert([flags & ~metadataFlags])
                }
                body.copy((position + 9)..<chunkEnd)
                size += chunkEnd - position
            } else if kept.contains(type) {
                body.copy(position..<min(chunkEnd, end))
                if chunkEnd > end { body.insert([0]) }
                size += chunkEnd - position
            }
            position = chunkEnd
        }
        return try body.framed(file, size: size)
    }

    /// Whether the first frame is coded without loss, to be written again in the same way.
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

extension EditPlan {
    /// The RIFF header for this body; the original one where nothing in it changes, so that a clean file stays as it is.
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
