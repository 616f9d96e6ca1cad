public import Foundation

/// A file somebody uploaded, as API.md shows it.
public struct Upload: Sendable, Codable, Equatable {
    public enum Kind: String, Sendable, Codable { case image, video, audio, file }

    public struct Thumbnail: Sendable, Codable, Equatable {
        public var size: String
        public var width: Int
        public var height: Int
        public var url: String
    }

    public var id: UploadID
    public var ownerId: UserID
    public var name: String
    /// The MIME type of the bytes, whatever the client called them.
    public var type: String
    /// Of the bytes received, as is `sha256`; what `url` serves is cleaned of metadata.
    public var size: Int
    public var sha256: String
    public var kind: Kind
    public var width: Int?
    public var height: Int?
    /// Seconds.
    public var duration: Double?
    public var blurhash: String?
    public var url: String
    public var thumbnails: [Thumbnail]
    public var createdAt: Date
}
