import Foundation
import Glibc
import Synchronization
import Testing

@testable import Media

/// Small files that would take much time, memory or disk.
@Suite(.serialized)
struct CostlyPictureTests {
    /// Processes in a worker that has started, and looks at the seconds of CPU that it took.
    private func process(_ bytes: [UInt8], within limit: Double, _ body: (Outcome) throws -> Void) async throws {
        try await MediaBench.run { bench in
            _ = try await bench.process(PictureBytes.gifHeader + PictureBytes.gifImage + [0x3B])
            let worker = try #require(bench.workers.idleWorkers.first)
            let before = try cpuSeconds(of: worker)
            let outcome = try await bench.process(bytes)
            let used = try cpuSeconds(of: worker) - before
            #expect(used < limit)
            try body(outcome)
        }
    }

    /// proc_pid_status(5): `VmData`, in kB: what RLIMIT_DATA counts.
    private static func dataMegabytes(of id: pid_t) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmData:") }
        return (line?.split(separator: " ").dropLast().last.flatMap { Int($0) } ?? .max) / 1024
    }

    @Test func textsAreNotInflated() async throws {
        let packed = try fixture(
            "60MB.z",
            "python3 -c 'import sys, zlib; sys.stdout.buffer.write(zlib.compress(bytes(60_000_000), 9))' > \"$out\"")
        let plain = try fixture("clean.png", "vips black \"$out.png\" 40 30 --bands 3; mv \"$out.png\" \"$out\"")
        let text = PictureBytes.pngChunk("zTXt", Array("Comment\0\0".utf8) + packed)
        let texts = (0..<40).flatMap { _ in text }
        try await process(PictureBytes.png(plain, inserting: texts), within: 2) { outcome in
            #expect(outcome.media.kind == .image)
            #expect(outcome.media.thumbnails.count == 3)
            #expect(outcome.served.count < 2_000)
        }
    }

    @Test func aWebPOfAHundredThousandFramesShowsTheFirst() async throws {
        let frame = PictureBytes.anmf(edge: 8, try PictureBytes.smallImageChunk())
        let frames = (0..<100_000).flatMap { _ in frame }
        let bytes = PictureBytes.webp(
            PictureBytes.vp8x(flags: 2, edge: 8), PictureBytes.riffChunk("ANIM", [0, 0, 0, 0, 0, 0]), frames)
        try await process(bytes, within: 4) { outcome in
            #expect(outcome.media.kind == .image)
            #expect((outcome.media.width, outcome.media.height) == (8, 8))
            #expect(outcome.media.thumbnails.count == 3)
            let medium = try outcome.thumbnail(.medium)
            #expect(!medium.contains("ANIM"))
            // Not within the expectation, which would look for every difference of two long arrays.
            let isAsReceived = outcome.served == bytes
            #expect(isAsReceived, "nothing to clean")
        }
    }

    @Test func allFramesOfALongGIFAreCleanedAndTheFirstIsShown() async throws {
        let comment: [UInt8] = [0x21, 0xFE, 6] + Array("Secret".utf8) + [0]
        let frames = [UInt8]((0..<50_000).map { _ in PictureBytes.gifImage }.joined())
        let head = PictureBytes.gifHeader + PictureBytes.gifLoop
        try await process(head + comment + frames + [0x3B], within: 3) { outcome in
            #expect(outcome.media.kind == .image)
            #expect(outcome.media.thumbnails.count == 3)
            let isCutRight = outcome.served == head + frames + [0x3B]
            #expect(isCutRight)
        }
    }

    @Test func aLargeAnimationStandsStillInMedium() async throws {
        let bytes = try fixture(
            "plain577.gif",
            """
            ffmpeg -v error -f lavfi -i color=red:size=577x577:rate=25:duration=12 "$out.gif"; mv "$out.gif" "$out"
            """)
        try await process(bytes, within: 2) { outcome in
            #expect(outcome.media.kind == .image)
            #expect(outcome.media.thumbnails[1] == Thumbnail(size: .medium, width: 480, height: 480))
            let medium = try outcome.thumbnail(.medium)
            #expect(!medium.contains("ANIM"))
        }
    }

    /// 144 MB of pixels that have to be turned, in a small file.
    private func deepPicture() throws -> [UInt8] {
        try fixture(
            "deep.png",
            """
            vips black "$out.v" 4500 4000 --bands 4; vips cast "$out.v" "$out.c.v" ushort
            vips copy "$out.c.v" "$out.png" --interpretation rgb16; rm "$out".*v
            exiftool -q -overwrite_original -n -Orientation=6 "$out.png"; mv "$out.png" "$out"
            """)
    }

    /// libvips would keep what it has to turn in a file, which a worker that is killed leaves behind.
    @Test func aDecoderWritesNoFilesOfItsOwn() async throws {
        let bytes = try deepPicture()
        try await MediaBench.run { bench in
            let file = try await bench.receive(bytes)
            let isDone = Mutex(false)
            async let seen = Task.detached {
                var names: Set<String> = []
                while !isDone.withLock({ $0 }) {
                    names.formUnion(try FileManager.default.contentsOfDirectory(atPath: "\(bench.directory)/tmp"))
                    try await Task.sleep(for: .milliseconds(5))
                }
                return names
            }.value
            let media = try await bench.workers.process(file)
            isDone.withLock { $0 = true }
            #expect((media.width, media.height) == (4000, 4500))
            let foreign = try await seen.filter { !$0.hasPrefix(file.name.uuidString.lowercased()) }
            #expect(foreign == [])
            try await bench.store.discard(file)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(bench.directory)/tmp") == [])
        }
    }

    /// What a worker does not give back, the next large picture misses.
    @Test func deepPicturesLeaveNoMemoryTaken() async throws {
        let bytes = try deepPicture()
        try await MediaBench.run {
            $0.workers = 1
        } body: { bench in
            for _ in 0..<3 { _ = try await bench.process(bytes) }
            let worker = try #require(bench.workers.idleWorkers.first)
            #expect(try Self.dataMegabytes(of: worker) < 145)
        }
    }

    @Test func whatMemoryDoesNotHoldIsRefused() async throws {
        let bytes = try deepPicture()
        try await MediaBench.run {
            $0.limits.memoryBytes = 150 << 20
        } body: { bench in
            let outcome = try await bench.process(bytes)
            #expect(outcome.media == .plainFile(type: "image/png", audience: .ownerOnly))
            #expect(bench.workers.failures == 0, "it says so itself")
        }
    }
}
