public import Foundation

/// An uploaded file, as API.md describes it.
public struct Upload: Sendable, Equatable {
    public enum Kind: String, Sendable, Codable { case image, video, audio, file }

    public struct Thumbnail: Sendable, Equatable {
        public var size: String
        public var width: Int
        public var height: Int
        public var url: String

        package init(size: String, width: Int, height: Int, url: String) {
            self.size = size
            self.width = width
            self.height = height
            self.url = url
        }
    }

    public var id: UploadID
    public var ownerId: UserID
    public var name: String
    /// The MIME type that was found in the bytes, not the one that the client named.
    public var type: String
    /// Like `sha256`, of the bytes that were received. The file at `url` is cleaned of metadata.
    public var size: Int
    public var sha256: String
    public var kind: Kind
    public var width: Int?
    public var height: Int?
    /// Seconds.
    public var duration: Double?
    public var blurhash: String?
    /// How loud a sound is, from its beginning to its end: 100 peaks from 0 to 255.
    public var waveform: [UInt8]?
    public var url: String
    public var thumbnails: [Thumbnail]
    public var createdAt: Date
    /// What can be seen or heard, in the words of whoever sent it. Only as part of a message.
    public var alt: String?
    /// Whether the file at `url` holds no metadata of its maker; nil where nothing is known of such metadata.
    public var isCleaned: Bool?
    /// Whether only the owner may open it, because it could not be read or cleaned.
    public var isOwnerOnly: Bool

    package init(
        id: UploadID, ownerId: UserID, name: String, type: String, size: Int, sha256: String, kind: Kind,
        width: Int? = nil, height: Int? = nil, duration: Double? = nil, blurhash: String? = nil,
        waveform: [UInt8]? = nil, url: String, thumbnails: [Thumbnail], createdAt: Date, alt: String? = nil,
        isCleaned: Bool? = nil, isOwnerOnly: Bool = false
    ) {
        self.id = id
        self.ownerId = ownerId
        self.name = name
        self.type = type
        self.size = size
        self.sha256 = sha256
        self.kind = kind
        self.width = width
        self.height = height
        self.duration = duration
        self.blurhash = blurhash
        self.waveform = waveform
        self.url = url
        self.thumbnails = thumbnails
        self.createdAt = createdAt
        self.alt = alt
        self.isCleaned = isCleaned
        self.isOwnerOnly = isOwnerOnly
    }

    /// The same as a plain file: to be saved, and not to be looked at where it stands.
    package var asFile: Upload {
        var file = self
        file.kind = .file
        (file.width, file.height, file.duration) = (nil, nil, nil)
        (file.blurhash, file.waveform, file.thumbnails) = (nil, nil, [])
        file.url += (url.contains("?") ? "&" : "?") + "download=1"
        return file
    }
}
