package import ChatModel

/// What the database knows of a stored file. Uploads with equal bytes share one.
package struct Blob: Sendable {
    package struct Thumbnail: Sendable, Codable {
        package var size: String
        package var width: Int
        package var height: Int

        package init(size: String, width: Int, height: Int) {
            self.size = size
            self.width = width
            self.height = height
        }
    }

    package var sha256: String
    package var size: Int
    package var type: String
    package var kind: Upload.Kind
    package var servedSize: Int
    package var servedSHA256: String
    package var ownerOnly: Bool
    package var width: Int?
    package var height: Int?
    package var duration: Double?
    package var blurhash: String?
    package var waveform: [UInt8]?
    package var thumbnails: [Thumbnail]
    /// Whether what is served holds no metadata; nil where the question does not arise.
    package var isCleaned: Bool?
    /// The encoding of a text; nil for other files.
    package var charset: String?

    package init(
        sha256: String, size: Int, type: String, kind: Upload.Kind, servedSize: Int, servedSHA256: String,
        ownerOnly: Bool, width: Int? = nil, height: Int? = nil, duration: Double? = nil, blurhash: String? = nil,
        waveform: [UInt8]? = nil, thumbnails: [Thumbnail], isCleaned: Bool? = nil, charset: String? = nil
    ) {
        self.sha256 = sha256
        self.size = size
        self.type = type
        self.kind = kind
        self.servedSize = servedSize
        self.servedSHA256 = servedSHA256
        self.ownerOnly = ownerOnly
        self.width = width
        self.height = height
        self.duration = duration
        self.blurhash = blurhash
        self.waveform = waveform
        self.thumbnails = thumbnails
        self.isCleaned = isCleaned
        self.charset = charset
    }

    /// The same files without anything that was measured in them: for facts that the database refuses.
    package var unmeasured: Blob {
        Blob(
            sha256: sha256, size: size, type: type, kind: .file, servedSize: servedSize, servedSHA256: servedSHA256,
            ownerOnly: ownerOnly, thumbnails: [], isCleaned: isCleaned)
    }
}
