/// How files are received and processed.
public struct MediaConfiguration: Sendable {
    /// Where files are kept: `ab/cd/<sha256>` below it, temporaries in `tmp`.
    public var directory: String
    /// Threads for blocking file work; each call holds one for a chunk of at most 1 MiB or an `fsync`.
    public var ioThreads = 4
    /// The program to run as worker, and its arguments: it must call `MediaWorker.main()`.
    public var workerExecutable: String
    public var workerArguments: [String] = []
    /// Worker processes at work at once; one user has one fewer, if there are several.
    public var workers = 3
    /// Files that may wait for a worker; one more is refused with `MediaError.Code.busy`, or takes the place of one of the
    /// user with the most.
    public var maxWaiting = 64
    /// Of one user.
    public var maxWaitingEach = 16
    /// Files a worker handles before it is replaced.
    public var jobsPerWorker = 300
    public var limits = MediaLimits()
    /// Where `ffmpeg` and `ffprobe` stand; nil where there is none, and videos and sounds are then plain files.
    public var ffmpeg = FFmpegTools.find()
    /// Whom workers run as; nil where this process has no privileges that they could lose.
    public var account = WorkerAccount.find()

    public init(directory: String, workerExecutable: String, workerArguments: [String] = []) {
        self.directory = directory
        self.workerExecutable = workerExecutable
        self.workerArguments = workerArguments
    }
}

/// What one file may cost.
public struct MediaLimits: Sendable, Codable {
    /// Seconds from handing a file to a worker until the worker is killed.
    public var seconds = 40
    /// Seconds of CPU for one file.
    public var cpuSeconds = 30
    /// Seconds for one run of ffmpeg.
    public var toolSeconds = 15
    /// Private memory of a worker, and of its ffmpeg, in bytes.
    public var memoryBytes = 1 << 30
    /// The largest file a worker may write, in bytes.
    public var fileBytes = 2 << 30
    /// Descriptors a worker may have open.
    public var openFiles = 64
    /// Pixels of a picture, all pages of a document together.
    public var maxPixels = 100_000_000
    /// Pixels of an animation that keeps moving, all frames together: some two seconds of CPU. Of a larger one the first
    /// frame is shown.
    public var maxMovingPixels = 25_000_000
    /// Pixels of a picture's width and of its height.
    public var maxEdge = 32_768
    /// Frames of an animation that keeps moving; of a longer one the first frame is shown. Pages of a document that is
    /// still a picture.
    public var maxFrames = 300

    public init() {}

    /// Bytes that are copied in a second by the slowest disk, and in a second of CPU by the slowest processor that have to do.
    private static let slowest = (disk: 25_000_000, processor: 100_000_000)

    /// The limits for a file of `size` bytes: cleaning it copies it once or twice, however large it is.
    func allowing(_ size: Int) -> MediaLimits {
        var limits = self
        limits.seconds += size / Self.slowest.disk
        limits.toolSeconds += size / Self.slowest.disk
        limits.cpuSeconds += size / Self.slowest.processor
        return limits
    }
}
