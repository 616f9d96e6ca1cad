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
