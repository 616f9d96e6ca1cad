/// A thumbnail's name, and the limit of its longer side.
public enum ThumbnailSize: String, Sendable, Codable, CaseIterable {
    case small, medium, large

    /// In pixels.
    public var maxEdge: Int {
        switch self {
        case .small: 160
        case .medium: 480
        case .large: 1280
        }
    }
}

/// A WebP made from an upload.
public struct Thumbnail: Sendable, Codable, Equatable {
    public var size: ThumbnailSize
    /// In pixels, of one frame.
    public var width: Int
    public var height: Int
}
