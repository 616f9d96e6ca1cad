import Foundation
import Glibc
import Testing

@testable import Media

/// Workers that crash, hang, are too few, or do not start.
@Suite(.serialized)
struct MediaWorkersTests {
    /// A picture's file and one worker that waits, stopped so that it takes a job and does nothing.
    private func stoppedWorker(_ bench: MediaBench) async throws -> pid_t {
        _ = try await bench.process(try Photos.jpeg())
        let id = try #require(bench.workers.idleWorkers.first)
        #expect(kill(id, SIGSTOP) == 0)
        return id
    }

    @Test func aHungDecoderIsKilledAndReplaced() async throws {
        try await MediaBench.run {
            $0.limits.seconds = 4
            $0.workers = 1
        } body: { bench in
            let hung = try await stoppedWorker(bench)
            let outcome = try await bench.process(try Photos.jpeg(orientation: 2))
            #expect(outcome.media == .plainFile(type: "image/jpeg", audience: .ownerOnly))
            #expect(kill(hung, 0) == -1 && errno == ESRCH, "it is gone")
            // On a busy machine, one that does not hang may take as long.
            var media = outcome.media
            for _ in 0..<10 where media.kind != .image {
                media = try await bench.process(try Photos.jpeg(orientation: 3)).media
            }
            #expect(media.kind == .image)
        }
    }

    /// Cleaning copies it, which takes the longer the larger it is.
    @Test func aLargeFilmHasMoreTime() async throws {
        let film = try fixture(
            "large.mov",
            """
            ffmpeg -v error -f lavfi -i testsrc=size=1920x1080:rate=25 -frames:v 32 -metadata title=Secret \
            -c:v rawvideo -pix_fmt rgb24 -f mov "$out"
            """)
        try await MediaBench.run {
            $0.limits.seconds = 0
        } body: { bench in
            let media = try await bench.workers.process(try await bench.receive(film))
            #expect(media.audience == .everyone && media.cleaned != nil && media.thumbnails.count == 3)
        }
    }

    @Test(.timeLimit(.minutes(5))) func aHungDecoderDoesNotHoldUpTheEnd() async throws {
        try await MediaBench.run {
            $0.limits.seconds = 300
            $0.workers = 1
        } body: { bench in
            _ = try await stoppedWorker(bench)
            let outcome = Task { try await bench.process(try Photos.jpeg(orientation: 2)).media }
            while !bench.workers.idleWorkers.isEmpty { await Task.yield() }
            await bench.workers.shutdown()
            await #expect { try await outcome.value } throws: { ($0 as? MediaError)?.code == .unavailable }
        }
    }

    @Test func aCrashedDecoderIsReplaced() async throws {
        try await MediaBench.run {
            $0.workers = 1
        } body: { bench in
            let worker = try await stoppedWorker(bench)
            async let outcome = bench.process(try Photos.jpeg(orientation: 2))
            // The job is with the worker once nobody waits.
            while !bench.workers.idleWorkers.isEmpty { await Task.yield() }
            #expect(kill(worker, SIGKILL) == 0)
            #expect(try await outcome.media == .plainFile(type: "image/jpeg", audience: .ownerOnly))
            let media = try await bench.process(try Photos.jpeg(orientation: 3)).media
            #expect(media.kind == .image)
        }
    }

    @Test func aWorkerThatDiedWhileWaitingCostsNothing() async throws {
        try await MediaBench.run {
            $0.workers = 1
        } body: { bench in
            _ = try await bench.process(try Photos.jpeg())
            let worker = try #require(bench.workers.idleWorkers.first)
            #expect(kill(worker, SIGKILL) == 0)
            var info = siginfo_t()
            #expect(waitid(P_PID, id_t(worker), &info, WEXITED | WNOWAIT) == 0)
            let media = try await bench.process(try Photos.jpeg(orientation: 2)).media
            #expect(media.kind == .image)
        }
    }

    @Test func workersAreReplacedAfterTheirJobs() async throws {
        try await MediaBench.run {
            $0.workers = 1
            $0.jobsPerWorker = 2
        } body: { bench in
            _ = try await bench.process(try Photos.jpeg())
            #expect(bench.workers.idleWorkers.count == 1)
            _ = try await bench.process(try Photos.jpeg())
            #expect(bench.workers.idleWorkers.isEmpty)
        }
    }

    @Test func aFullQueueRefuses() async throws {
        try await MediaBench.run {
            $0.workers = 1
            $0.maxWaiting = 1
            $0.limits.seconds = 5
        } body: { bench in
            let worker = try await stoppedWorker(bench)
            let picture = try Photos.jpeg()
            let files = [
                try await bench.receive(picture), try await bench.receive(picture), try await bench.receive(picture),
            ]
            let results = await withTaskGroup(of: MediaError.Code?.self) { group in
                for file in files {
                    group.addTask {
                        do {
                            _ = try await bench.workers.process(file)
                            return nil
                        } catch {
                            // Refused at once, while the other two still wait for this.
                            kill(worker, SIGCONT)
                            return (error as? MediaError)?.code
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.count { $0 == .busy } == 1)
            #expect(results.count { $0 == nil } == 2)
        }
    }

    @Test(arguments: ["/nonexistent", "/bin/false", "/bin/true"])
    func aWorkerThatDoesNotStartIsUnavailable(program: String) async throws {
        try await MediaBench.run {
            $0.workerExecutable = program
        } body: { bench in
            let file = try await bench.receive(try Photos.jpeg())
            await #expect { try await bench.workers.process(file) } throws: {
                ($0 as? MediaError)?.code == .unavailable
            }
        }
    }

    /// One with so many pixels that its job can be looked at.
    private func slowPicture() throws -> [UInt8] {
        try fixture("slow.png", "vips black \"$out.png\" 7000 7000 --bands 3; mv \"$out.png\" \"$out\"")
    }

    /// What is known of the process of a worker's next job once it is bound; `act` is then done to it.
    private func nextJob(
        of worker: pid_t, _ act: @escaping @Sendable (pid_t) -> Void = { _ in }
    ) async -> (id: pid_t, status: String, limits: String) {
        await withCheckedContinuation { continuation in
            // A thread of its own: those of the tests wait for commands.
            Thread.detachNewThread {
                func read(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
                while true {
                    let children = read("/proc/\(worker)/task/\(worker)/children")
                    guard let id = children.split(separator: " ").first.flatMap({ pid_t($0) }) else { continue }
                    let (status, limits) = (read("/proc/\(id)/status"), read("/proc/\(id)/limits"))
                    guard status.contains("Seccomp:\t2") else { continue }
                    act(id)
                    return continuation.resume(returning: (id, status, limits))
                }
            }
        }
    }

    private func status(of id: pid_t) throws -> [String: String] {
        let lines = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8).split(separator: "\n")
        let fields = lines.compactMap { line -> (String, String)? in
            let parts = line.split(separator: ":", maxSplits: 1)
            return parts.count == 2 ? (String(parts[0]), parts[1].trimmingCharacters(in: .whitespaces)) : nil
        }
        return Dictionary(fields) { first, _ in first }
    }

    @Test func theWorkerHasNoPrivileges() async throws {
        try await MediaBench.run { bench in
            _ = try await bench.process(try Photos.jpeg())
            let id = try #require(bench.workers.idleWorkers.first)
            let status = try status(of: id)
            #expect(status["NoNewPrivs"] == "1")
            for capabilities in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
                #expect(status[capabilities] == "0000000000000000")
            }
            let isRoots = status["Uid"]?.split(separator: "\t").contains("0") ?? true
            #expect(!isRoots, "whoever started the server")
            #expect(status["Threads"] == "1", "only such a process may fork")
            let environment = try read("/proc/\(id)/environ")
            #expect(environment.isEmpty)
            let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd").sorted()
            #expect(descriptors.count <= 4, "\(descriptors)")
        }
    }

    @Test(.timeLimit(.minutes(5))) func aJobIsBoundAndGoneWithItsDirectory() async throws {
        try await MediaBench.run {
            $0.workers = 1
        } body: { bench in
            _ = try await bench.process(try Photos.jpeg())
            let worker = try #require(bench.workers.idleWorkers.first)
            let picture = try slowPicture()
            async let next = nextJob(of: worker)
            let media = try await bench.process(picture).media
            let (job, bound, limits) = await next
            #expect(bound.contains("NoNewPrivs:\t1") && bound.contains("CapEff:\t0000000000000000"))
            #expect(limits.contains("Max core file size        0 "))
            #expect(limits.contains("Max data size             1073741824"))
            #expect(limits.contains("Max open files            64 "))
            #expect(!limits.contains("Max processes             unlimited"))
            #expect(media.kind == .image)
            #expect(kill(job, 0) == -1 && errno == ESRCH)
            let left = try FileManager.default.contentsOfDirectory(atPath: "\(bench.directory)/tmp")
            #expect(left.isEmpty)
        }
    }

    @Test(.timeLimit(.minutes(5))) func aDecoderThatCrashesTakesNothingWithIt() async throws {
        try await MediaBench.run {
            $0.workers = 1
        } body: { bench in
            _ = try await bench.process(try Photos.jpeg())
            let worker = try #require(bench.workers.idleWorkers.first)
            let picture = try slowPicture()
            async let next = nextJob(of: worker) { kill($0, SIGKILL) }
            let outcome = try await bench.process(picture)
            _ = await next
            #expect(outcome.media == .plainFile(type: "image/png", audience: .ownerOnly))
            #expect(outcome.served == picture)
            #expect(bench.workers.failures == 1 && bench.workers.idleWorkers == [worker])
            #expect(try await bench.process(try Photos.jpeg(orientation: 2)).media.kind == .image)
            let left = try FileManager.default.contentsOfDirectory(atPath: "\(bench.directory)/tmp")
            #expect(left.isEmpty)
        }
    }

    /// Workers that had been bound to the directory failed at 300 files each.
    @Test func aStorageThatWasReplacedIsNoTrouble() async throws {
        try await MediaBench.run {
            $0.workers = 1
        } body: { bench in
            _ = try await bench.process(try Photos.jpeg())
            let worker = try #require(bench.workers.idleWorkers.first)
            let temporary = "\(bench.directory)/tmp"
            try FileManager.default.moveItem(atPath: temporary, toPath: "\(bench.directory)/elsewhere")
            try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: false)
            let media = try await bench.process(try Photos.jpeg(orientation: 2)).media
            #expect(media.kind == .image && media.thumbnails.count == 3)
            #expect(bench.workers.idleWorkers == [worker])
        }
    }

    @Test func whatIsKeptIsTheServersAlone() async throws {
        try await MediaBench.run { bench in
            for picture in [try Photos.jpeg(), try Photos.jpeg(orientation: 6)] {
                let outcome = try await bench.process(picture)
                for variant in [BlobVariant.served] + ThumbnailSize.allCases.map(BlobVariant.thumbnail) {
                    var status = stat()
                    #expect(stat(bench.store.path(of: outcome.file.sha256, variant), &status) == 0)
                    #expect(status.st_uid == geteuid() && status.st_gid == getegid())
                    #expect(status.st_mode & 0o777 == 0o600)
                }
            }
        }
    }

    @Test func aWorkerEndsWithItsPool() async throws {
        var worker: pid_t = 0
        try await MediaBench.run { bench in
            _ = try await bench.process(try Photos.jpeg())
            worker = try #require(bench.workers.idleWorkers.first)
        }
        #expect(kill(worker, 0) == -1 && errno == ESRCH)
    }
}
