internal import CSandbox
internal import CVips
internal import Glibc

/// The host of jobs. It reads jobs from its standard input, a socket, and answers on it, one at a time, until it closes.
///
/// The host has no privileges and reads no file. Each job is a process of its own, forked from this one after libvips has
/// started, so whatever a hostile file does to its decoder ends with the file.
public enum MediaWorker {
    /// The command-line argument with which a program becomes a worker.
    public static let argument = "media-worker"

    /// The settings of all jobs.
    struct Settings: Codable {
        let account: WorkerAccount?
    }

    /// Runs the worker. Call this before anything starts a thread. The worker ends when its standard input closes, or with the
    /// process that started it.
    public static func main() -> Never {
        var channel = WorkerChannel(descriptor: STDIN_FILENO)
        do {
            let account = try channel.receive(Settings.self, deadline: nil).account
            let failure = csandbox_drop_privileges(account?.user ?? 0, account?.group ?? 0)
            guard failure == 0 else { throw MediaError(errno: failure, "sandbox") }
            guard cvips_init() == 0 else { throw PictureError.last() }
            try channel.send(WorkerAnswer.ready)
            while case let directory = csandbox_receive_descriptor(STDIN_FILENO), directory >= 0 {
                let job = try channel.receive(WorkerJob.self, deadline: nil)
                try channel.send(run(job, directory))
                close(directory)
            }
            exit(0)
        } catch WorkerChannel.Failure.closed {
            exit(0)
        } catch {
            try? channel.send(WorkerAnswer.failed("\(error)"))
            exit(1)
        }
    }

    /// When this returns, the job's process and all its tools have ended.
    private static func run(_ job: WorkerJob, _ directory: Int32) throws -> WorkerAnswer {
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw MediaError(errno: errno, "socketpair")
        }
        let id = csandbox_fork()
        if id == 0 { JobProcess.main(job, channel: ends[1], directory: directory) }
        close(ends[1])
        defer { close(ends[0]) }
        guard id > 0 else { throw MediaError(errno: errno, "fork") }
        let answer = converse(WorkerChannel(descriptor: ends[0]), job, directory)
        kill(id, SIGKILL)
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0 && errno == EINTR {}
        if let answer { return answer }
        // See wait(2): the lowest bits are the signal, the next ones the exit status.
        let signal = status & 0x7F
        return status >> 8 & 0xFF == JobProcess.unbound && signal == 0
            ? .failed("a job's process could not be bound") : .crashed(signal: signal)
    }

    /// Runs tools for the job until it answers. Nil if the job ends without an answer, or sends nonsense.
    private static func converse(_ channel: WorkerChannel, _ job: WorkerJob, _ directory: Int32) -> WorkerAnswer? {
        var channel = channel
        while let message = try? channel.receive(JobMessage.self, deadline: nil) {
            switch message {
            case .answer(let answer): return answer
            case .tool(let run):
                guard (try? channel.send(self.run(run, for: job, directory))) != nil else { return nil }
            }
        }
        return nil
    }

    private static func run(_ run: ToolRun, for job: WorkerJob, _ directory: Int32) -> ToolRun.End {
        guard let program = job.tools.path(of: run.tool) else { return .init(status: -1) }
        let status = withArguments([program] + run.arguments) {
            csandbox_run_tool(
                program, $0, directory, csandbox_limits(job.limits), UInt32(clamping: job.limits.toolSeconds))
        }
        return .init(status: status)
    }
}

extension csandbox_limits {
    init(_ limits: MediaLimits) {
        self.init(
            memory_bytes: UInt64(limits.memoryBytes), file_bytes: UInt64(limits.fileBytes),
            open_files: UInt64(limits.openFiles), cpu_seconds: UInt64(max(1, limits.cpuSeconds)))
    }
}
