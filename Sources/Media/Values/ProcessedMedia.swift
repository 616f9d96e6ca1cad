/// How clients display an upload.
public enum MediaKind: String, Sendable, Codable {
    case image, video, audio, file
}

/// The result of processing a received file, and who gets which bytes.
public struct ProcessedMedia: Sendable, Codable, Equatable {
    public enum Audience: String, Sendable, Codable {
        /// Everyone who sees the upload.
        case everyone
        /// Only the owner, because the file may hold metadata that could not be removed.
        case ownerOnly
    }

    /// The bytes to serve instead of the received ones.
    public struct Cleaned: Sendable, Codable, Equatable {
        public var size: Int
        public var sha256: BlobID
    }

    /// The MIME type of the bytes.
    public var type: String
    public var kind: MediaKind
    /// Pixels as shown, after any rotation.
    public var width: Int?
    public var height: Int?
    /// Seconds.
    public var duration: Double?
    public var blurhash: String?
    /// How loud a sound is, in `peaks` numbers from its beginning to its end; nil for other files.
    public var waveform: [UInt8]?
    public var thumbnails: [Thumbnail] = []
    /// nil if the received bytes are served unchanged.
    public var cleaned: Cleaned?
    public var audience: Audience = .everyone
    /// Whether what is served holds no metadata of its maker; nil where nothing is known of such metadata.
    public var isCleaned: Bool?

    /// The largest width and height of a picture.
    static let maxEdge = 1_000_000
    /// The longest film or sound, in seconds: thirty years.
    static let maxDuration = 1e9

    /// The numbers of a waveform.
    static let peaks = 100

    /// Whether this can be true for a file of that type. The file may have hijacked the worker.
    func isPlausible(for type: String) -> Bool {
        let lengths = [width, height].compactMap { $0 } + thumbnails.flatMap { [$0.width, $0.height] }
        guard self.type == type, lengths.allSatisfy((1...Self.maxEdge).contains) else { return false }
        guard Set(thumbnails.map(\.size)).count == thumbnails.count, (blurhash?.utf8.count ?? 0) <= 100 else {
            return false
        }
        if let waveform, waveform.count != Self.peaks || kind != .audio { return false }
        if let duration, !(0...Self.maxDuration).contains(duration) { return false }
        return (cleaned?.size ?? 1) > 0
    }
}
