internal import CSandbox
internal import CVips
internal import Foundation
internal import Glibc

/// The worker process: reads jobs from its standard input, a socket, and answers on it, one at a time, until it closes.
public enum MediaWorker {
    /// The command-line argument with which a program becomes a worker.
    public static let argument = "media-worker"

    /// What a worker cannot take from a job, for it must hold before the first.
    struct Settings: Codable {
        let limits: MediaLimits
        /// The only directory it may write in.
        let directory: String
    }

    /// Runs the worker; call it before anything else starts a thread. It ends with its standard input, or with the
    /// process that started it.
    public static func main() -> Never {
        // The decoders may print; nothing they print may pass for an answer, and the socket is no terminal.
        var channel = WorkerChannel(descriptor: STDIN_FILENO)
        do {
            let settings = try channel.receive(Settings.self, deadline: nil)
            try enterSandbox(settings)
            guard cvips_init() == 0 else { throw PictureError.last() }
            try channel.send(WorkerAnswer.ready)
            while true {
                let job = try channel.receive(WorkerJob.self, deadline: nil)
                csandbox_allow_cpu(UInt32(clamping: job.limits.cpuSeconds))
                try channel.send(answer(job))
            }
        } catch WorkerChannel.Failure.closed {
            exit(0)
        } catch {
            try? channel.send(WorkerAnswer.failed("\(error)"))
            exit(1)
        }
    }

    private static func enterSandbox(_ settings: Settings) throws {
        let limits = csandbox_limits(
            memory_bytes: UInt64(settings.limits.memoryBytes), file_bytes: UInt64(settings.limits.fileBytes),
            open_files: UInt64(settings.limits.openFiles))
        let failure = csandbox_enter(limits, settings.directory)
        guard failure == 0 else { throw MediaError(errno: failure, "sandbox") }
    }

    private static func answer(_ job: WorkerJob) -> WorkerAnswer {
        do {
            switch MediaType(mime: job.type) {
            case .picture(let format): return .processed(try PictureJob(job: job, format: format).run())
            case .movie(let demuxer, let cleaning):
                return .processed(try MovieJob(job: job, demuxer: demuxer, cleaning: cleaning).run())
            case .uncleanablePicture: return .processed(.plainFile(type: job.type, audience: .ownerOnly))
            case .other: return .processed(.plainFile(type: job.type))
            }
        } catch let error as MediaError where error.code == .storageFull {
            return .storageFull
        } catch {
            return .failed("\(error)")
        }
    }
}
