/// How files are received and processed.
public struct MediaConfiguration: Sendable {
    /// Where files are kept: `ab/cd/<sha256>` below it, temporaries in `tmp`.
    public var directory: String
    /// Threads for blocking file work. Each call holds one for a chunk of at most 1 MiB or for an `fsync`.
    public var ioThreads = 4
    /// The worker program and its arguments. It must call `MediaWorker.main()`.
    public var workerExecutable: String
    public var workerArguments: [String] = []
    /// The limit of busy workers. One user gets at most one fewer, if there are several.
    public var workers = 3
    /// The limit of files that wait for a worker. One more is refused with `MediaError.Code.busy`, or displaces a file
    /// of the user with the most.
    public var maxWaiting = 64
    /// The same limit per user.
    public var maxWaitingEach = 16
    /// Files a worker handles before it is replaced.
    public var jobsPerWorker = 300
    public var limits = MediaLimits()
    public var tools = MediaTools.find()
    /// The workers' account, or nil if this process has no privileges to drop.
    public var account = WorkerAccount.find()

    public init(directory: String, workerExecutable: String, workerArguments: [String] = []) {
        self.directory = directory
        self.workerExecutable = workerExecutable
        self.workerArguments = workerArguments
    }
}
