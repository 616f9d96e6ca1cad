/// The files that belong to one address.
public enum BlobVariant: Hashable, Sendable {
    /// What everyone who sees the upload may get.
    case served
    /// What its owner alone may get. It has a name of its own, so that no mistake elsewhere can serve uncleaned bytes.
    case ownerOnly
    case thumbnail(ThumbnailSize)

    static let all: [BlobVariant] = [.served, .ownerOnly] + ThumbnailSize.allCases.map(BlobVariant.thumbnail)

    /// What follows the address in the file's name.
    public var suffix: String {
        switch self {
        case .served: ""
        case .ownerOnly: ".owner"
        case .thumbnail(let size): ".\(size.rawValue).webp"
        }
    }
}
