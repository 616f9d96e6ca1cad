internal import CSandbox
internal import Foundation
internal import Glibc
internal import NIOConcurrencyHelpers

/// One running worker. Used by one thread at a time, it blocks; released, it ends the process.
final class WorkerProcess: Sendable {
    let id: pid_t
    private let descriptor: Int32
    private let conversation: NIOLockedValueBox<Conversation>

    private struct Conversation {
        var channel: WorkerChannel
        var jobs = 0
    }

    /// Starts the program, with no environment but a place for temporaries, and sends it its settings.
    init(_ configuration: MediaConfiguration) throws {
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw MediaError(.unavailable, "socketpair failed")
        }
        defer { close(ends[1]) }
        let temporaries = "\(configuration.directory)/tmp"
        do {
            id = try Self.spawn(configuration, socket: ends[1], temporaries: temporaries)
        } catch {
            close(ends[0])
            throw error
        }
        descriptor = ends[0]
        let channel = WorkerChannel(descriptor: ends[0])
        conversation = NIOLockedValueBox(Conversation(channel: channel))
        // A worker that is gone already shows at its first file.
        try? channel.send(MediaWorker.Settings(limits: configuration.limits, directory: temporaries))
    }

    deinit {
        close(descriptor)
        // Its own group, so that its ffmpeg goes with it.
        kill(-id, SIGKILL)
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0 && errno == EINTR {}
    }

    /// Files handed to it so far.
    var jobs: Int { conversation.withLockedValue(\.jobs) }

    /// Whether it runs, and has not closed its socket. It says nothing of its own accord, so a readable socket means the end.
    var isAlive: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 0
    }

    /// Throws `WorkerChannel.Failure` when the worker ends, hangs or babbles: it must not be used again.
    func perform(_ job: WorkerJob, within limit: Duration) throws -> WorkerAnswer {
        try conversation.withLockedValue { conversation in
            conversation.jobs += 1
            try conversation.channel.send(job)
            return try conversation.channel.receive(WorkerAnswer.self, deadline: .now + limit)
        }
    }

    private static func spawn(_ configuration: MediaConfiguration, socket: Int32, temporaries: String) throws -> pid_t {
        let executable = configuration.workerExecutable
        var id: pid_t = 0
        let failure = withArguments([executable] + configuration.workerArguments) { arguments in
            withArguments(["TMPDIR=\(temporaries)"]) { environment in
                csandbox_spawn_worker(&id, executable, arguments, environment, socket)
            }
        }
        guard failure == 0 else {
            throw MediaError(.unavailable, "start \(executable): \(String(cString: strerror(failure)))")
        }
        return id
    }
}
