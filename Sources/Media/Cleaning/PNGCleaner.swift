/// Cuts metadata out of a PNG without touching its pixels (W3C PNG, third edition).
enum PNGCleaner {
    /// Chunks that carry pixels, how they look, or their movement. All others say something about the picture.
    private static let kept: Set<String> = [
        "IHDR", "PLTE", "IDAT", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "cICP", "mDCV", "cLLI", "sBIT", "bKGD", "pHYs",
        "acTL", "fcTL", "fdAT",
    ]
    private static let imageData: Set<String> = ["IDAT", "fdAT"]

    /// Keeps the chunks above; drops text, EXIF, times, unknown chunks, and all that follows the end. A cut-off file
    /// keeps what there is of its pixels and is ended.
    static func plan(_ file: ByteView) throws -> EditPlan {
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
            if kept.contains(type) {
                plan.copy(position..<end)
            }
            // The fifth bit of the first letter says that a decoder cannot do without this chunk.
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
