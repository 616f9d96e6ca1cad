/// The formats pictures are decoded and cleaned in.
enum PictureFormat {
    case jpeg, png, webp, gif, tiff, heif

    /// How libvips's decoder of this format is called. A picture that another one claims is not what its type says.
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

    /// Whether several pages are a movement in time.
    var isAnimatable: Bool { self == .gif || self == .webp }

    /// How metadata is cut out of the file's own bytes; nil where the picture has to be written anew.
    var cutter: ((ByteView) throws -> EditPlan)? {
        switch self {
        case .jpeg: JPEGCleaner.plan
        case .png: PNGCleaner.plan
        case .webp: WebPCleaner.plan
        case .gif: GIFCleaner.plan
        case .heif: HEIFCleaner.plan
        case .tiff: nil
        }
    }
}
