internal import CSandbox
public import Foundation
public import Logging
internal import NIOPosix
internal import Synchronization

/// The worker processes that decode users' files, and their queue. The server itself decodes nothing.
public final class MediaWorkers: Sendable {
    /// Resumed when it is the file's turn, or when it is refused.
    private typealias Turn = CheckedContinuation<Void, any Error>

    private struct State {
        /// Started and waiting for a file.
        var idle: [WorkerProcess] = []
        /// Working on a file.
        var busy: [pid_t: WorkerProcess] = [:]
        var turns: FairQueue<UUID, Turn>
        var failures = 0
        var isShutDown = false
    }

    private let configuration: MediaConfiguration
    private let logger: Logger
    private let state: Mutex<State>
    // Each busy worker blocks one thread. The threads must live as long as the pool, because a worker dies with the
    // thread that started it.
    private let threads: NIOThreadPool

    /// Starts no process yet. Workers start on demand.
    public init(_ configuration: MediaConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        let turns = FairQueue<UUID, Turn>(
            .init(
                places: configuration.workers, waiting: configuration.maxWaiting,
                waitingEach: configuration.maxWaitingEach))
        state = Mutex(State(turns: turns))
        threads = NIOThreadPool(numberOfThreads: max(1, configuration.workers))
        threads.start()
        if let weakness = Self.weakness(landlock: Int(csandbox_landlock_abi())) { logger.warning("\(weakness)") }
    }

    /// What the workers' sandbox lacks on a kernel with this version of Landlock, or nil if nothing important.
    static func weakness(landlock abi: Int) -> String? {
        switch abi {
        case ..<1:
            """
            This kernel has no Landlock: a file that takes over its decoder can read, and write, whatever the media \
            workers' account may; use Linux 6.2 or later, with Landlock on
            """
        case ..<3:
            """
            This kernel's Landlock (ABI \(abi)) cannot forbid truncating: a file that takes over its decoder can empty \
            what the media workers' account may write; use Linux 6.2 or later
            """
        default: nil
        }
    }

    /// Examines a received file, and writes its thumbnails and cleaned bytes beside it.
    ///
    /// A picture or film whose decoder crashes or hangs becomes a plain file for its owner alone; a document, one without a
    /// picture. Throws `busy` when too many files wait, `storageFull`, and `unavailable` when no worker can be started.
    ///
    /// - Parameter user: The file's owner. Users take turns, and each has a share of the workers and of the queue.
    public func process(_ file: ReceivedFile, of user: UUID) async throws -> ProcessedMedia {
        switch MediaType(mime: file.type) {
        case .other: return .plainFile(type: file.type)
        case .uncleanablePicture: return .plainFile(type: file.type, audience: .ownerOnly)
        case .document where configuration.tools.pdftoppm == nil: return .plainFile(type: file.type)
        case .picture, .movie, .document: break
        }
        let job = WorkerJob(
            type: file.type, limits: configuration.limits.allowing(file.size), tools: configuration.tools)
        do {
            return try await perform(job, on: file, of: user)
        } catch let error as MediaError where error.code == .busy && job.isDocument {
            // It is worth as much without its picture.
            return .plainFile(type: file.type)
        }
    }

    /// Writes a picture as JPEG beside the file, for those that few programs show. Throws as `process`.
    /// - Returns: Nil if that is impossible.
    public func makeJPEG(of file: ReceivedFile, for user: UUID) async throws -> ProcessedMedia.Cleaned? {
        guard case .picture = MediaType(mime: file.type) else { return nil }
        let job = WorkerJob(
            type: file.type, limits: configuration.limits.allowing(file.size), tools: configuration.tools,
            makesJPEG: true)
        return try await perform(job, on: file, of: user).cleaned
    }

    /// Reads what a web page says of itself. Throws as `process`.
    /// - Parameter charset: What its server says of its encoding.
    /// - Returns: Nil for a page whose reader failed.
    public func readPage(_ file: ReceivedFile, charset: String?, for user: UUID) async throws -> PageFacts? {
        let job = WorkerJob(
            type: file.type, limits: configuration.limits, tools: MediaTools(), page: .init(charset: charset))
        return try await inTurn(of: user) { [self] in
            let directory = try JobDirectory(file, for: configuration.account)
            defer { directory.remove() }
            let answer = try perform(job, in: directory)
            switch answer {
            case .page(let facts) where facts.isPlausible: return facts
            case .failed(let reason): throw MediaError(.io, String(reason.prefix(500)))
            default:
                state.withLock { $0.failures += 1 }
                logger.warning("A media worker could not read a web page")
                return nil
            }
        }
    }

    private func perform(_ job: WorkerJob, on file: ReceivedFile, of user: UUID) async throws -> ProcessedMedia {
        try await inTurn(of: user) { [self] in try run(job, on: file) }
    }

    private func inTurn<Value: Sendable>(
        of user: UUID, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await awaitTurn(of: user)
        defer { endTurn(of: user) }
        do {
            return try await threads.runIfActive(body)
        } catch is CancellationError where !Task.isCancelled {
            throw Self.isShutDown
        }
    }

    private static let isShutDown = MediaError(.unavailable, "the media workers are shut down")

    /// Ends the workers. Files in progress fail with `unavailable`.
    public func shutdown() async {
        let (busy, waiting) = state.withLock { state in
            state.isShutDown = true
            return (state.busy.values, state.turns.removeAll())
        }
        for turn in waiting { turn.resume(throwing: Self.isShutDown) }
        for worker in busy { worker.stop() }
        try? await threads.shutdownGracefully()
        state.withLock { $0.idle.removeAll() }
    }

    /// The number of workers that crashed or hung since the start. Each was ended, and replacements start on demand.
    public var failures: Int { state.withLock { $0.failures } }

    /// The process ids of the workers that wait for a file.
    var idleWorkers: [Int32] { state.withLock { $0.idle.map(\.id) } }

    // MARK: - Turns

    private func awaitTurn(of user: UUID) async throws {
        let ticket = Mutex<FairQueue<UUID, Turn>.Ticket?>(nil)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { turn in
                switch state.withLock({ state in
                    Result { () throws -> Turn? in
                        if state.isShutDown { throw Self.isShutDown }
                        // Checked under the lock, so a cancellation is either seen here or finds the ticket.
                        try Task.checkCancellation()
                        guard case .waits(let own, let displaced) = state.turns.add(turn, of: user) else {
                            throw MediaError(.busy)
                        }
                        ticket.withLock { $0 = own }
                        return displaced
                    }
                }) {
                case .success(let displaced): displaced?.resume(throwing: MediaError(.busy))
                case .failure(let refusal): turn.resume(throwing: refusal)
                }
                beginTurns()
            }
        } onCancel: {
            state.withLock { state in
                ticket.withLock { $0 }.flatMap { state.turns.remove($0) }
            }?.resume(throwing: CancellationError())
        }
    }

    private func endTurn(of user: UUID) {
        state.withLock { $0.turns.finish(user) }
        beginTurns()
    }

    private func beginTurns() {
        while let turn = state.withLock({ $0.turns.next() }) { turn.entry.resume() }
    }

    // MARK: - On a thread of the pool

    private func run(_ job: WorkerJob, on file: ReceivedFile) throws -> ProcessedMedia {
        let directory = try JobDirectory(file, for: configuration.account)
        defer { directory.remove() }
        switch try perform(job, in: directory) {
        case .processed(let media):
            do {
                guard media.isPlausible(for: job.type) else {
                    throw JobDirectory.Untrustworthy(reason: "its answer cannot be")
                }
                try directory.collect(media)
                return media
            } catch let error as JobDirectory.Untrustworthy {
                return failed(job, error.reason)
            }
        case .storageFull: throw MediaError(.storageFull)
        case .crashed(let signal): return failed(job, signal == 0 ? "it gave no answer" : "signal \(signal)")
        // A hijacked worker may send a long text.
        case .unprocessed(let reason): return failed(job, String(reason.prefix(500)))
        case .failed(let reason): throw MediaError(.io, String(reason.prefix(500)))
        case .ready, .page: return failed(job, "it gave another answer than was asked for")
        case nil: return failed(job, "it hung or ended")
        }
    }

    /// nil if the worker failed. It was ended then.
    private func perform(_ job: WorkerJob, in directory: JobDirectory) throws -> WorkerAnswer? {
        let worker = try nextWorker()
        try state.withLock { state in
            if state.isShutDown { throw Self.isShutDown }
            state.busy[worker.id] = worker
        }
        defer { state.withLock { _ = $0.busy.removeValue(forKey: worker.id) } }
        do {
            let answer = try worker.perform(job, in: directory, within: .seconds(job.limits.seconds))
            if worker.jobs < configuration.jobsPerWorker { state.withLock { $0.idle.append(worker) } }
            return answer
        } catch is WorkerChannel.Failure {
            if state.withLock({ $0.isShutDown }) { throw Self.isShutDown }
            worker.stop()
            return nil
        }
    }

    private func failed(_ job: WorkerJob, _ reason: String) -> ProcessedMedia {
        state.withLock { $0.failures += 1 }
        logger.warning(
            "A media worker failed; \(job.isDocument ? "the document has no picture" : "the file is its owner's alone")",
            metadata: ["failure": "\(reason)", "type": "\(job.type)"])
        return .plainFile(type: job.type, audience: job.isDocument ? .everyone : .ownerOnly)
    }

    /// An idle worker that is alive, or a new one.
    private func nextWorker() throws -> WorkerProcess {
        while let worker = state.withLock({ $0.idle.popLast() }) {
            if worker.isAlive { return worker }
        }
        return try WorkerProcess(configuration)
    }
}
