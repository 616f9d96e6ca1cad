/// Detects the type of an ISO base media file: MP4, MOV, 3GP, HEIC, AVIF and related formats (ISO/IEC 14496-12, section
/// 4.3). libmagic knows some brands only.
enum ISOFileType {
    /// The MIME type of a file with this head, or nil if it is not an ISO base media file.
    static func type(of head: ByteView) -> String? {
        let boxes = boxes(head)
        guard let first = boxes.first, firstBoxes.contains(first.type), isPlausible(boxes, head) else { return nil }
        // Free space may come before it.
        guard let brands = boxes.first(where: { $0.type == "ftyp" || $0.type == "styp" }) else {
            return "video/quicktime"
        }
        return type(of: self.brands(brands, head))
    }

    /// QuickTime's files may begin with any of these; others have `ftyp`, segments `styp`.
    private static let firstBoxes: Set<String> = [
        "ftyp", "styp", "moov", "mdat", "wide", "free", "skip", "pnot", "uuid", "moof", "sidx",
    ]
    private static let largestBrands = 4096
    /// More than come before `ftyp`.
    private static let maxBoxes = 16

    /// The first boxes; the last of them may go on beyond the head.
    private static func boxes(_ head: ByteView) -> [ISOBox] {
        var boxes: [ISOBox] = []
        var position = 0
        while boxes.count < maxBoxes, let box = try? ISOBox.read(head, at: position, limit: head.count) {
            boxes.append(box)
            position = box.range.upperBound
        }
        return boxes
    }

    /// Four letters in the right place are found in other files too, text above all: "The free world".
    private static func isPlausible(_ boxes: [ISOBox], _ head: ByteView) -> Bool {
        guard let first = boxes.first else { return false }
        if first.type == "ftyp" || first.type == "styp" {
            return first.range.count <= largestBrands && !isText(first, head)
                && brands(first, head).first.map(isPrintable) == true
        }
        return boxes.count > 1 ? isPrintable(boxes[1].type) : !isText(first, head)
    }

    /// Whether the box's size could as well be four letters.
    private static func isText(_ box: ISOBox, _ head: ByteView) -> Bool {
        guard let size = try? head.slice(box.range.lowerBound, 4) else { return true }
        return size.allSatisfy { $0 >= 0x20 || (0x09...0x0D).contains($0) }
    }

    private static func isPrintable(_ type: String) -> Bool {
        type.unicodeScalars.allSatisfy { (0x20...0x7E).contains($0.value) }
    }

    /// The major brand, then those the file is compatible with.
    private static func brands(_ box: ISOBox, _ head: ByteView) -> [String] {
        let start = box.content.lowerBound
        let places = [start] + stride(from: start + 8, to: box.content.upperBound - 3, by: 4)
        return places.compactMap { try? head.fourCC($0) }
    }

    private static func type(of brands: [String]) -> String {
        guard let major = brands.first else { return "video/mp4" }
        if let type = types[major] { return generic.contains(type) ? (more(brands) ?? type) : type }
        if let prefix = prefixes.first(where: { major.hasPrefix($0.key) }) { return prefix.value }
        if movies.contains(major) { return "video/mp4" }
        // A camera's own brand: a picture where it is compatible with one.
        let compatible = brands.dropFirst().first { types[$0]?.hasPrefix("image/") == true }
        return compatible == nil ? "video/mp4" : more(brands) ?? "image/heif"
    }

    /// How the pictures in a file with a general brand are coded.
    private static func more(_ brands: [String]) -> String? {
        brands.lazy.compactMap { types[$0] }.first { $0.hasPrefix("image/") && !generic.contains($0) }
    }

    private static let generic: Set<String> = ["image/heif", "image/heif-sequence"]

    /// Brands registered at mp4ra.org.
    private static let types: [String: String] = [
        "heic": "image/heic", "heix": "image/heic", "heim": "image/heic", "heis": "image/heic",
        "hevc": "image/heic-sequence", "hevx": "image/heic-sequence", "hevm": "image/heic-sequence",
        "hevs": "image/heic-sequence", "avif": "image/avif", "avis": "image/avif", "avio": "image/avif",
        "MA1A": "image/avif", "MA1B": "image/avif", "mif1": "image/heif", "mif2": "image/heif", "mif3": "image/heif",
        "miaf": "image/heif", "MiHA": "image/heif", "MiHB": "image/heif", "MiHE": "image/heif", "MiPr": "image/heif",
        "MiAB": "image/heif", "MiAC": "image/heif", "MiCm": "image/heif", "1pic": "image/heif", "avci": "image/heif",
        "vvic": "image/heif", "j2ki": "image/heif", "jpeg": "image/heif", "unif": "image/heif",
        "msf1": "image/heif-sequence", "avcs": "image/heif-sequence", "vvis": "image/heif-sequence",
        "j2is": "image/heif-sequence", "jpgs": "image/heif-sequence",
        // Formats of their own that have no more than the boxes in common.
        "crx ": "image/x-canon-cr3", "jp2 ": "image/jp2", "jpx ": "image/jpx", "jpm ": "image/jpm", "jxl ": "image/jxl",
        "mjp2": "video/mj2",
        "qt  ": "video/quicktime", "M4A ": "audio/x-m4a", "M4B ": "audio/mp4", "M4P ": "audio/mp4", "F4A ": "audio/mp4",
        "F4B ": "audio/mp4", "NDAS": "audio/mp4",
        "KDDI": "video/3gpp2",
    ]
    private static let prefixes: KeyValuePairs = ["M4V": "video/x-m4v", "3g2": "video/3gpp2", "3g": "video/3gpp"]
    private static let movies: Set<String> = ["isom", "mp41", "mp42", "avc1", "hvc1", "dash", "MSNV"]
}
