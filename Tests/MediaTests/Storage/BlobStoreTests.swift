import Crypto
import Foundation
import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import Media

@Suite struct BlobStoreTests {
    private func hash(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
    }

    private func temporaries(_ bench: MediaBench) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(bench.directory)/tmp")
    }

    @Test func bytesAreKeptUnderTheirHash() async throws {
        var random = SeededRandom(seed: 1)
        let bytes = random.bytes(700_001)
        try await MediaBench.run { bench in
            let writer = bench.store.makeWriter(UUID(), maxBytes: bytes.count)
            for start in stride(from: 0, to: bytes.count, by: 9_999) {
                try await writer.write(ByteBuffer(bytes: bytes[start..<min(start + 9_999, bytes.count)]))
            }
            let file = try await writer.finish()
            #expect(file.sha256.hex == hash(bytes))
            #expect(file.size == bytes.count)
            try await bench.store.commit(file, try await bench.workers.process(file))
            let expected =
                "\(bench.directory)/\(hash(bytes).prefix(2))/\(hash(bytes).dropFirst(2).prefix(2))/\(hash(bytes))"
            #expect(try read(expected) == bytes)
            #expect(try temporaries(bench).isEmpty)

            let reader = try await bench.store.open(file.sha256)
            try await bench.store.delete(file.sha256)
            var back: [UInt8] = []
            for try await chunk in reader.chunks(100..<700_000) { back += chunk.readableBytesView }
            #expect(back == Array(bytes[100..<700_000]), "a deleted file that is open is read to its end")
            await #expect { try await bench.store.open(file.sha256) } throws: { ($0 as? MediaError)?.code == .notFound }
        }
    }

    /// More than one turn's worth, first from memory and then, as after a restart of the machine, from the disk.
    @Test func aLargeFileIsReadFromMemoryAndFromTheDisk() async throws {
        var random = SeededRandom(seed: 2)
        let bytes = random.bytes(9_000_001)
        try await MediaBench.run { bench in
            let file = try await bench.receive(bytes)
            try await bench.store.commit(file, try await bench.workers.process(file))
            let path = bench.store.path(of: file.sha256)
            for isCached in [true, false] {
                if !isCached {
                    let descriptor = open(path, O_RDONLY)
                    #expect(posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0)
                    close(descriptor)
                }
                let reader = try await bench.store.open(file.sha256)
                var back: [UInt8] = []
                for try await chunk in reader.chunks(1..<bytes.count) { back += chunk.readableBytesView }
                #expect(back == Array(bytes[1...]))
                let part = 7_000_000..<7_000_000 + BlobReader.wholeSize
                #expect(Array(try await reader.bytes(part).readableBytesView) == Array(bytes[part]))
            }
        }
    }

    @Test func aFileThatBecameShorterIsNoShorterFile() async throws {
        try await MediaBench.run { bench in
            let file = try await bench.receive(Array(String(repeating: "plain text ", count: 9).utf8))
            try await bench.store.commit(file, try await bench.workers.process(file))
            let reader = try await bench.store.open(file.sha256)
            #expect(try await reader.bytes(11..<22) == ByteBuffer(string: "plain text "))
            #expect(truncate(bench.store.path(of: file.sha256), 15) == 0)
            await #expect { try await reader.bytes(11..<22) } throws: { ($0 as? MediaError)?.code == .io }
        }
    }

    @Test func tooManyBytesAreRefusedAtOnce() async throws {
        try await MediaBench.run { bench in
            let writer = bench.store.makeWriter(UUID(), maxBytes: 10)
            try await writer.write(ByteBuffer(repeating: 1, count: 10))
            await #expect { try await writer.write(ByteBuffer(repeating: 1, count: 1)) } throws: {
                ($0 as? MediaError)?.code == .tooLarge
            }
            await writer.abort()
            #expect(try temporaries(bench).isEmpty)
        }
    }

    /// With the last descriptor go the bytes, which takes long for many: not on the thread of whoever lets go of the file.
    @Test func whatIsGivenUpIsClosedAtOnce() async throws {
        try await MediaBench.run { bench in
            let writer = bench.store.makeWriter(UUID(), maxBytes: 1 << 30)
            try await writer.write(ByteBuffer(repeating: 1, count: 1_000_000))
            #expect(openFiles(below: bench.directory).count == 1)
            await writer.abort()
            #expect(openFiles(below: bench.directory).isEmpty)

            let file = try await bench.receive([1, 2, 3])
            #expect(openFiles(below: bench.directory).count == 1)
            try await bench.store.discard(file)
            #expect(openFiles(below: bench.directory).isEmpty)
            withExtendedLifetime((writer, file)) {}
        }
    }

    @Test func aRemovedFileIsClosedOnAThreadForFiles() async throws {
        let directory = MediaBench.temporaryDirectory()
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        let store = try BlobStore(directory: directory, threads: threads)
        let file = try await store.makeWriter(UUID(), maxBytes: 3).finish()
        try await store.commit(file, .plainFile(type: "text/plain"))
        try await store.discard(file)
        var readers = [try await store.open(file.sha256), try await store.open(file.sha256)]
        let (isBusy, mayGoOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        threads.submit { _ in
            isBusy.signal()
            mayGoOn.wait()
        }
        isBusy.wait()
        readers.removeLast()
        #expect(openFiles(below: directory).count == 1, "a file that is still there is closed at once")
        unlink(store.path(of: file.sha256))
        readers.removeLast()
        #expect(openFiles(below: directory).count == 1)
        mayGoOn.signal()
        try await threads.shutdownGracefully()
        #expect(openFiles(below: directory).isEmpty)
    }

    private func openFiles(below directory: String) -> [String] {
        let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return descriptors.compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
        }
        .filter { $0.hasPrefix(directory) }
    }

    @Test func roomForAnAnnouncedFileIsTakenAsItComes() async throws {
        try await MediaBench.run { bench in
            let name = UUID()
            let size = 10_000_000
            let writer = bench.store.makeWriter(name, maxBytes: 1 << 30, announced: size)
            var most = 0
            for sent in stride(from: 500_000, through: size, by: 500_000) {
                try await writer.write(ByteBuffer(repeating: 1, count: 500_000))
                var status = stat()
                // What has come waits in memory until it is worth a write.
                guard stat("\(bench.directory)/tmp/\(name.uuidString.lowercased())", &status) == 0 else { continue }
                let taken = Int(status.st_blocks) * 512
                #expect(taken <= 2 * sent + 64 * 1024, "no more than as much again as has come")
                #expect(taken >= Int(status.st_size))
                most = max(most, taken - Int(status.st_size))
            }
            #expect(most >= 1_000_000, "but that much at once, or each write has to find room for itself")
            let file = try await writer.finish()
            #expect(file.size == size)
            var status = stat()
            #expect(stat(file.path, &status) == 0 && Int(status.st_blocks) * 512 <= size + 64 * 1024)
            try await bench.store.discard(file)
        }
    }

    /// Contents whose addresses begin alike: their files share directories.
    private func neighbors() -> [[UInt8]] {
        let first: [UInt8] = [1]
        let prefix = Array(SHA256.hash(data: first).prefix(2))
        for n in 0... {
            let other = Array("\(n)".utf8)
            if Array(SHA256.hash(data: other).prefix(2)) == prefix { return [first, other] }
        }
        return []
    }

    /// How much there is to do for a content must not tell whether somebody has sent it before.
    @Test func whatIsThereTakesTheSameWorkForTheDisk() async throws {
        let plain = neighbors()
        let picture = try Photos.jpeg()
        for contents in [[plain[0]], plain, [picture]] {
            try await MediaBench.run { bench in
                func work(_ content: [UInt8], _ store: (ReceivedFile, ProcessedMedia) async throws -> Void) async throws
                    -> Int
                {
                    let file = try await bench.receive(content)
                    let media = try await bench.workers.process(file)
                    let before = bench.store.syncs
                    try await store(file, media)
                    try await bench.store.discard(file)
                    return bench.store.syncs - before
                }
                var new = 0
                for content in contents { new = try await work(content) { try await bench.store.commit($0, $1) } }
                let content = try #require(contents.last)
                let stored = try read(bench.store.path(of: try await bench.receive(content).sha256))
                #expect(try await work(content) { try await bench.store.rehearseCommit($0, $1) } == new)
                #expect(try read(bench.store.path(of: try await bench.receive(content).sha256)) == stored)
            }
        }
    }

    @Test func aFileIsTheUsersAlone() async throws {
        try await MediaBench.run { bench in
            let file = try await bench.receive([1, 2, 3])
            var status = stat()
            #expect(stat(file.path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
        }
    }

    @Test func theSameContentAtOnceIsStoredOnce() async throws {
        let picture = try Photos.jpeg()
        try await MediaBench.run { bench in
            let outcomes = try await withThrowingTaskGroup(of: ProcessedMedia.self) { group in
                for _ in 0..<8 { group.addTask { try await bench.process(picture).media } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count == 8)
            #expect(outcomes.allSatisfy { $0 == outcomes[0] })
            #expect(try temporaries(bench).isEmpty)
            let shard = try #require(Int(hash(picture).prefix(2), radix: 16))
            let stored = try await bench.store.files(inShard: shard)
            let address = try #require(BlobID(hex: hash(picture)))
            let variants: [BlobVariant] = [.served, .thumbnail(.small), .thumbnail(.medium), .thumbnail(.large)]
            #expect(Set(stored.map(\.path)) == Set(variants.map { bench.store.path(of: address, $0) }))
        }
    }

    @Test func anUploadCutAHundredTimesComesOutRight() async throws {
        var random = SeededRandom(seed: 3)
        let bytes = random.bytes(300_000)
        try await MediaBench.run { bench in
            let name = UUID()
            var writer = bench.store.makeWriter(name, maxBytes: bytes.count)
            for _ in 0..<100 {
                let offset = await writer.count
                let end = min(bytes.count, offset + Int.random(in: 0...6_000, using: &random))
                try await writer.write(ByteBuffer(bytes: bytes[offset..<end]))
                let kept = try await writer.suspend()
                #expect(kept == end)
                // Bytes that came after what was acknowledged are dropped.
                let back = Int.random(in: max(0, kept - 500)...kept, using: &random)
                writer = try await bench.store.resumeWriter(name, at: back, maxBytes: bytes.count)
            }
            let offset = await writer.count
            try await writer.write(ByteBuffer(bytes: bytes[offset...]))
            let file = try await writer.finish()
            #expect(file.sha256.hex == hash(bytes))
            #expect(file.size == bytes.count)
        }
    }

    @Test func aSecondWriterWaitsForTheFirst() async throws {
        try await MediaBench.run { bench in
            let name = UUID()
            let first = bench.store.makeWriter(name, maxBytes: 100)
            try await first.write(ByteBuffer(string: "ab"))
            #expect(try await first.suspend() == 2)
            let writer = try await bench.store.resumeWriter(name, at: 2, maxBytes: 100)
            try await writer.write(ByteBuffer(string: "c"))
            await #expect { try await bench.store.resumeWriter(name, at: 0, maxBytes: 100) } throws: {
                ($0 as? MediaError)?.code == .inUse
            }
            #expect(try await writer.suspend() == 3)
            await #expect { try await bench.store.resumeWriter(name, at: 4, maxBytes: 100) } throws: {
                ($0 as? MediaError)?.code == .offsetMismatch
            }
            let second = try await bench.store.resumeWriter(name, at: 3, maxBytes: 100)
            #expect(try await second.finish().size == 3)
        }
    }

    /// As after a failure between the files and the row: everything is done again.
    @Test func whatKeepsItsReceivedBytesCanBeStoredAgain() async throws {
        try await MediaBench.run { bench in
            let bytes = Array("plain text".utf8)
            let file = try await bench.receive(bytes)
            let media = try await bench.workers.process(file)
            #expect(!file.isStored)
            #expect(try await bench.store.commit(file, media, keepsReceived: true))
            #expect(try await bench.store.temporarySize(file.name) == bytes.count)
            let again = try await bench.store.resumeWriter(file.name, at: bytes.count, maxBytes: bytes.count).finish()
            #expect(again.sha256 == file.sha256 && again.isStored)
            #expect(try await !bench.store.commit(again, media, keepsReceived: true))
            try await bench.store.discard(file)
            #expect(try temporaries(bench).isEmpty)
            #expect(try read(bench.store.path(of: file.sha256)) == bytes)
        }
    }

    @Test func leftoversGoAndReceivedBytesStay() async throws {
        try await MediaBench.run { bench in
            let file = try await bench.receive([1, 2, 3])
            try Data([1]).write(to: URL(fileURLWithPath: "\(file.path).small.webp"))
            try await bench.store.removeLeftovers()
            #expect(try await bench.store.temporaries().map(\.name) == [file.name])
            #expect(try await bench.store.temporarySize(file.name) == 3)
        }
    }

    /// Another server may be at work on what is new.
    @Test func onlyOldLeftoversGoWhereOthersWork() async throws {
        try await MediaBench.run { bench in
            let file = try await bench.receive([1, 2, 3])
            let (old, new) = ("\(file.path).job", "\(file.path).small.webp")
            try FileManager.default.createDirectory(atPath: old, withIntermediateDirectories: true)
            try Data([1]).write(to: URL(fileURLWithPath: new))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: old)
            try await bench.store.removeLeftovers(olderThan: 3600)
            #expect(!FileManager.default.fileExists(atPath: old) && FileManager.default.fileExists(atPath: new))
        }
    }
}
