/// Cuts metadata out of a PNG without touching its pixels (W3C PNG, third edition).
enum PNGCleaner {
    /// Chunks that carry pixels, their appearance, or their animation. All others describe the picture.
    private static let kept: Set<String> = [
        "IHDR", "PLTE", "IDAT", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "cICP", "mDCV", "cLLI", "sBIT", "bKGD", "pHYs",
        "acTL", "fcTL", "fdAT",
    ]
    private static let imageData: Set<String> = ["IDAT", "fdAT"]
    private static let exif = "eXIf"
    /// The first announces an animation; each of its frames begins with the second.
    private static let (animation, frame) = ("acTL", "fcTL")

    /// Keeps the chunks above. Drops text, EXIF, times, unknown chunks, and everything after the end. A truncated file keeps
    /// its complete pixels and gets an end chunk.
    static func plan(_ file: ByteView) throws -> EditPlan { try survey(file).plan }

    /// Whether a decoder needs the chunk to show the picture.
    static func keepsForDecoder(_ type: String) -> Bool { kept.contains(type) || type == exif }

    /// The plan, which keeps EXIF if a decoder needs it to turn the picture, and the number of frames.
    static func survey(_ file: ByteView, keepsEXIF: Bool = false) throws -> (plan: EditPlan, frames: Int) {
        var (isAnimated, frames) = (false, 0)
        let plan = try walk(file) { type in
            isAnimated = isAnimated || type == animation
            if type == frame { frames += 1 }
            return kept.contains(type) || keepsEXIF && type == exif
        }
        return (plan, isAnimated ? max(1, frames) : 1)
    }

    private static func walk(_ file: ByteView, keeps: (String) -> Bool) throws -> EditPlan {
        guard hasSignature(file) else { throw MalformedFile() }
        var plan = EditPlan()
        plan.copy(0..<8)
        var position = 8
        while let length = try? file.bigEndian(position, size: 4), let type = try? file.fourCC(position + 4) {
            if length > Int(Int32.max) { throw MalformedFile() }
            let end = position + 12 + length
            if type == "IEND" {
                guard length == 0, end <= file.count else { break }
                plan.copy(position..<end)
                return plan
            }
            if end > file.count {
                if imageData.contains(type) { plan.copy(position..<file.count) }
                return plan
            }
            if keeps(type) {
                plan.copy(position..<end)
            }
            // The fifth bit of the first letter marks a chunk that a decoder cannot do without.
            else if type.utf8.first.map({ $0 & 0x20 == 0 }) ?? true {
                throw MalformedFile()
            }
            position = end
        }
        plan.insert([0, 0, 0, 0] + Array("IEND".utf8) + [0xAE, 0x42, 0x60, 0x82])
        return plan
    }

    private static func hasSignature(_ file: ByteView) -> Bool {
        guard let bytes = try? file.slice(0, 8) else { return false }
        return bytes.elementsEqual([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    }
}
