/// Resource limits for one file.
public struct MediaLimits: Sendable, Codable {
    /// Seconds from handing a file to a worker until the worker is killed.
    public var seconds = 40
    /// Seconds of CPU for one file.
    public var cpuSeconds = 30
    /// Seconds for one run of a tool.
    public var toolSeconds = 15
    /// Private memory of a worker, and of its tool, in bytes.
    public var memoryBytes = 1 << 30
    /// The largest file a worker may write, in bytes.
    public var fileBytes = 2 << 30
    /// Descriptors a worker may have open.
    public var openFiles = 64
    /// Pixels of a picture that is decoded at its full size, all pages of a document together.
    public var maxPixels = 100_000_000
    /// Pixels of a picture that is shrunk while it is decoded: some seconds of CPU.
    public var maxShrunkPixels = 400_000_000
    /// Pixels of an animation that keeps moving, all frames together: some two seconds of CPU. Of a larger one the first
    /// frame is shown.
    public var maxMovingPixels = 25_000_000
    /// Pixels of a film's width and of its height.
    public var maxEdge = 32_768
    /// Frames of an animation that keeps moving; of a longer one the first frame is shown. Pages of a document that is
    /// still a picture.
    public var maxFrames = 300

    public init() {}

    /// Bytes per second of the slowest supported disk, and per CPU second of the slowest supported processor.
    private static let slowest = (disk: 25_000_000, processor: 100_000_000)

    /// The limits for a file of `size` bytes: cleaning copies it once or twice.
    func allowing(_ size: Int) -> MediaLimits {
        var limits = self
        limits.seconds += size / Self.slowest.disk
        limits.toolSeconds += size / Self.slowest.disk
        limits.cpuSeconds += size / Self.slowest.processor
        return limits
    }
}
