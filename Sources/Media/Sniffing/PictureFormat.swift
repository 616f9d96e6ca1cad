/// The picture formats that can be decoded and cleaned.
enum PictureFormat {
    case jpeg, png, webp, gif, tiff, heif

    /// The name of libvips's decoder for this format. If another decoder claims the picture, its type is wrong.
    var loaderPrefix: String {
        switch self {
        case .jpeg: "jpegload"
        case .png: "pngload"
        case .webp: "webpload"
        case .gif: "gifload"
        case .tiff: "tiffload"
        case .heif: "heifload"
        }
    }

    /// Whether several pages are an animation.
    var isAnimatable: Bool { self == .gif || self == .webp }

    /// How metadata is cut out of the file's bytes.
    var cutter: (ByteView) throws -> EditPlan {
        switch self {
        case .jpeg: JPEGCleaner.plan
        case .png: PNGCleaner.plan
        case .webp: WebPCleaner.plan
        case .gif: GIFCleaner.plan
        case .heif: HEIFCleaner.plan
        case .tiff: TIFFCleaner.plan
        }
    }
}
