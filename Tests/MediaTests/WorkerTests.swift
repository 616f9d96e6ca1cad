import Foundation
import Glibc
import Testing

@testable import Media

/// Workers that crash, hang, are too few, or do not start.
@Suite(.serialized)
struct WorkerTests {
    /// A picture's file and one worker that waits, stopped so that it takes a job and does nothing.
    private func stoppedWorker(_ bench: MediaBench) async throws -> pid_t {
        _ = try await bench.process(try Photos.jpeg())
        let id = try #require(bench.workers.idleWorkers.first)
        #expect(kill(id, SIGSTOP) == 0)
        return id
    }

    @Test func aHungDecoderIsKilledAndReplaced() async throws {
        try await MediaBench.run(configure: {
            $0.limits.seconds = 4
            $0.workers = 1
        }) { bench in
            let hung = try await stoppedWorker(bench)
            let outcome = try await bench.process(try Photos.jpeg(orientation: 2))
            #expect(outcome.media == .plainFile(type: "image/jpeg", audience: .ownerOnly))
            #expect(kill(hung, 0) == -1 && errno == ESRCH, "it is gone")
            let media = try await bench.process(try Photos.jpeg(orientation: 3)).media
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
        try await MediaBench.run(configure: { $0.limits.seconds = 0 }) { bench in
            let media = try await bench.workers.process(try await bench.receive(film))
            #expect(media.audience == .everyone && media.cleaned != nil && media.thumbnails.count == 3)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aHungDecoderDoesNotHoldUpTheEnd() async throws {
        try await MediaBench.run(configure: {
            $0.limits.seconds = 300
            $0.workers = 1
        }) { bench in
            _ = try await stoppedWorker(bench)
            let outcome = Task { try await bench.process(try Photos.jpeg(orientation: 2)).media }
            while !bench.workers.idleWorkers.isEmpty { await Task.yield() }
            await bench.workers.shutdown()
            await #expect { try await outcome.value } throws: { ($0 as? MediaError)?.code == .unavailable }
        }
    }

    @Test func aCrashedDecoderIsReplaced() async throws {
        try await MediaBench.run(configure: { $0.workers = 1 }) { bench in
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
        try await MediaBench.run(configure: { $0.workers = 1 }) { bench in
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
        try await MediaBench.run(configure: {
            $0.workers = 1
            $0.jobsPerWorker = 2
        }) { bench in
            _ = try await bench.process(try Photos.jpeg())
            #expect(bench.workers.idleWorkers.count == 1)
            _ = try await bench.process(try Photos.jpeg())
            #expect(bench.workers.idleWorkers.isEmpty)
        }
    }

    @Test func aFullQueueRefuses() async throws {
        try await MediaBench.run(configure: {
            $0.workers = 1
            $0.maxWaiting = 1
            $0.limits.seconds = 5
        }) { bench in
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
        try await MediaBench.run(configure: { $0.workerExecutable = program }) { bench in
            let file = try await bench.receive(try Photos.jpeg())
            await #expect { try await bench.workers.process(file) } throws: {
                ($0 as? MediaError)?.code == .unavailable
            }
        }
    }

    @Test func theWorkerIsBound() async throws {
        try await MediaBench.run { bench in
            _ = try await bench.process(try Photos.jpeg())
            let id = try #require(bench.workers.idleWorkers.first)
            let status = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
            #expect(status.contains("Seccomp:\t2"))
            #expect(status.contains("NoNewPrivs:\t1"))
            let limits = try String(contentsOfFile: "/proc/\(id)/limits", encoding: .utf8)
            #expect(limits.contains("Max core file size        0 "))
            #expect(limits.contains("Max data size             1073741824"))
            #expect(limits.contains("Max open files            64 "))
            let environment = try read("/proc/\(id)/environ")
            #expect(environment.isEmpty)
            let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd").sorted()
            #expect(descriptors.count <= 4, "\(descriptors)")
        }
    }

    @Test func theWorkerReadsNothingButWhatIsBeingProcessed() async throws {
        try await MediaBench.run { bench in
            let file = try await bench.receive(try Photos.jpeg())
            let elsewhere = "\(bench.directory)/other.jpg"
            try FileManager.default.copyItem(atPath: file.path, toPath: elsewhere)
            let other = ReceivedFile(
                name: file.name, sha256: file.sha256, size: file.size, type: file.type, isStored: false,
                file: try OpenFile(elsewhere, O_RDONLY))
            let media = try await bench.workers.process(file)
            #expect(media.kind == .image)
            await #expect { try await bench.workers.process(other) } throws: { ($0 as? MediaError)?.code == .io }
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
