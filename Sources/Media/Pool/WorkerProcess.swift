internal import CSandbox
internal import Glibc
internal import Synchronization

/// One running worker process. One thread uses it at a time, and calls block. Releasing it ends the process.
final class WorkerProcess: Sendable {
    let id: pid_t
    private let descriptor: Int32
    private let conversation: Mutex<Conversation>

    private static let startLimit = Duration.seconds(10)

    private struct Conversation {
        var channel: WorkerChannel
        var jobs = 0
    }

    /// Starts the program, with an empty environment, and sends it its settings.
    init(_ configuration: MediaConfiguration) throws {
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw MediaError(.unavailable, "socketpair failed")
        }
        do {
            // The worker's end is closed here at once, so the stream ends when the worker dies.
            defer { close(ends[1]) }
            id = try Self.spawn(configuration, socket: ends[1])
        } catch {
            close(ends[0])
            throw error
        }
        descriptor = ends[0]
        conversation = Mutex(Conversation(channel: WorkerChannel(descriptor: ends[0])))
        try awaitReadiness(MediaWorker.Settings(account: configuration.account))
    }

    /// A worker that does not start is an operator's problem, not the picture's.
    private func awaitReadiness(_ settings: MediaWorker.Settings) throws {
        do {
            let answer = try conversation.withLock { conversation in
                try conversation.channel.send(settings)
                return try conversation.channel.receive(WorkerAnswer.self, deadline: .now + Self.startLimit)
            }
            guard case .ready = answer else { throw MediaError(.unavailable, "a media worker answered \(answer)") }
        } catch let failure as WorkerChannel.Failure {
            throw MediaError(.unavailable, "a media worker did not start: \(failure)")
        }
    }

    deinit {
        close(descriptor)
        stop()
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0 && errno == EINTR {}
    }

    /// Kills the process. Callers that wait for its answer get an error.
    func stop() {
        // Kills the whole process group, including the job and its ffmpeg. The id stays valid until `waitpid`.
        kill(-id, SIGKILL)
    }

    /// The number of files that it has handled.
    var jobs: Int { conversation.withLock { $0.jobs } }

    /// Whether it runs and its socket is open. A worker never writes unasked, so a readable socket means its end.
    var isAlive: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 0
    }

    /// Throws `WorkerChannel.Failure` if the worker ends, hangs or sends garbage. It must not be used again.
    func perform(_ job: WorkerJob, in directory: JobDirectory, within limit: Duration) throws -> WorkerAnswer {
        try conversation.withLock { conversation in
            conversation.jobs += 1
            guard csandbox_send_descriptor(descriptor, directory.descriptor.descriptor) == 0 else {
                throw WorkerChannel.Failure.closed
            }
            try conversation.channel.send(job)
            return try conversation.channel.receive(WorkerAnswer.self, deadline: .now + limit)
        }
    }

    private static func spawn(_ configuration: MediaConfiguration, socket: Int32) throws -> pid_t {
        let executable = configuration.workerExecutable
        var id: pid_t = 0
        let failure = withArguments([executable] + configuration.workerArguments) { arguments in
            withArguments([]) { environment in
                csandbox_spawn_host(&id, executable, arguments, environment, socket)
            }
        }
        guard failure == 0 else {
            throw MediaError(.unavailable, "start \(executable): \(String(cString: strerror(failure)))")
        }
        return id
    }
}
