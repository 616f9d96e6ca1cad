/// Metadata in the pictures of a film that is a row of JPEGs (Motion JPEG): overwritten in place, so the pictures stay where
/// they are.
enum JPEGFrames {
    private static let exif: StaticString = "Exif\0\0"
    private static let xmp: StaticString = "http://ns.adobe.com/"
    private static let photoshop: StaticString = "Photoshop 3.0\0"

    static func plan(_ file: ByteView) throws -> EditPlan {
        var patches: [Patch] = []
        var position = 0
        while let start = file.first(0xFF, from: position), let marker = try? file.byte(start + 1) {
            position = start + 1
            guard marker == 0xE1 || marker == 0xED, let length = try? file.bigEndian(start + 2, size: 2), length > 8
            else {
                continue
            }
            let content = start + 4
            let end = start + 2 + length
            guard end <= file.count,
                file.has(exif, at: content) || file.has(xmp, at: content) || file.has(photoshop, at: content)
            else { continue }
            patches.append(.zero(content..<end))
            position = end
        }
        return try EditPlan.patching(size: file.count, patches)
    }
}
