internal import CSandbox
internal import Glibc

/// The process of one job. The sandbox confines it before it reads the file, and it ends with the job.
enum JobProcess {
    /// The exit status of a process that could not be confined, and therefore did nothing.
    static let unbound: Int32 = 125

    static func main(_ job: WorkerJob, channel: Int32, directory: Int32) -> Never {
        guard csandbox_enter_job(channel, directory, csandbox_limits(job.limits)) == 0 else { _exit(unbound) }
        let host = JobHost(WorkerChannel(descriptor: STDIN_FILENO))
        try? host.send(.answer(answer(job, host)))
        _exit(0)
    }

    private static func answer(_ job: WorkerJob, _ host: JobHost) -> WorkerAnswer {
        do {
            if let page = job.page { return .page(try read(page, job.input)) }
            switch MediaType(mime: job.type) {
            case .picture(let format) where job.makesJPEG:
                return .processed(try PictureJob(job: job, host: host, format: format).makeJPEG())
            case .picture(let format): return .processed(try PictureJob(job: job, host: host, format: format).run())
            case .movie(let demuxer, let cleaning):
                return .processed(try MovieJob(job: job, host: host, demuxer: demuxer, cleaning: cleaning).run())
            case .document: return .processed(try DocumentJob(job: job, host: host).run())
            case .uncleanablePicture: return .processed(.plainFile(type: job.type, audience: .ownerOnly))
            case .other: return .processed(.plainFile(type: job.type))
            }
        } catch let error as MediaError where error.code == .storageFull {
            return .storageFull
        } catch {
            return .unprocessed("\(error)")
        }
    }
}

extension JobProcess {
    private static func read(_ page: WorkerJob.Page, _ path: String) throws -> PageFacts {
        let bytes = try FileCleaning.view(path) { Array(try $0.slice(0, $0.count)) }
        return PageReader.facts(of: PageEncoding.text(of: bytes, charset: page.charset))
    }
}

/// The job's end of its connection to the host. The host runs the tools for the job, which starts no process.
final class JobHost {
    private var channel: WorkerChannel

    init(_ channel: WorkerChannel) { self.channel = channel }

    func send(_ message: JobMessage) throws { try channel.send(message) }

    /// Returns the tool's exit status. Its standard output is then in `WorkerJob.toolOutput`.
    func run(_ tool: ToolRun.Tool, _ arguments: [String]) throws -> Int32 {
        try send(.tool(ToolRun(tool: tool, arguments: arguments)))
        return try channel.receive(ToolRun.End.self, deadline: nil).status
    }
}
