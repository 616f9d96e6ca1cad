/// The files that belong to one address.
public enum BlobVariant: Hashable, Sendable {
    /// The bytes for everyone who sees the upload.
    case served
    /// The bytes for the owner alone. They have a separate name, so no other mistake can serve uncleaned bytes.
    case ownerOnly
    case thumbnail(ThumbnailSize)
    /// A JPEG of the picture at full size, made when somebody first asks for it. No row mentions it: it can be made again.
    case jpeg

    public static let all: [BlobVariant] =
        [.served, .ownerOnly, .jpeg] + ThumbnailSize.allCases.map(BlobVariant.thumbnail)

    /// The suffix of the file's name, after the address.
    public var suffix: String {
        switch self {
        case .served: ""
        case .ownerOnly: ".owner"
        case .jpeg: ".jpeg"
        case .thumbnail(let size): ".\(size.rawValue).webp"
        }
    }
}
