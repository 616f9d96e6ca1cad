import Foundation
import Glibc
import NIOCore
import Testing

@testable import Media

/// A disk without room is said, whoever meets it first, and leaves nothing behind.
@Suite(.enabled(if: geteuid() == 0, "only root may mount a small disk"))
struct FullDiskTests {
    private func temporaries(_ bench: MediaBench) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(bench.directory)/tmp")
    }

    @Test func whatArrives() async throws {
        try await MediaBench.run(disk: 1) { bench in
            let unknown = bench.store.makeWriter(UUID(), maxBytes: 1 << 30)
            await #expect {
                for _ in 0..<20 { try await unknown.write(ByteBuffer(repeating: 1, count: 300_000)) }
            } throws: {
                ($0 as? MediaError)?.code == .storageFull
            }
            await unknown.abort()
            let announced = bench.store.makeWriter(UUID(), maxBytes: 1 << 30, announced: 2 << 20)
            await #expect { try await announced.write(ByteBuffer(repeating: 1, count: 600_000)) } throws: {
                ($0 as? MediaError)?.code == .storageFull
            }
            await announced.abort()
            let left = try temporaries(bench)
            #expect(left.isEmpty)
        }
    }

    struct Sample: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let bytes: @Sendable () throws -> [UInt8]
    }

    static let samples = [
        Sample(testDescription: "a picture that is cut") { try Photos.jpeg() },
        Sample(testDescription: "a picture that is turned") { try Photos.jpeg(orientation: 6) },
        Sample(testDescription: "a picture that is clean") { try cleanPicture() },
        Sample(testDescription: "a film that is cut") { try ISOFiles.movie("-c:v mpeg4 -f mp4") },
        Sample(testDescription: "a film that is clean") {
            try CleanerFuzzTests.apply(MovieCleaner.plan, ISOFiles.movie("-c:v mpeg4 -f mp4"))
        },
        Sample(testDescription: "a film that is copied") { try ISOFiles.movie("-c:v mpeg4 -f matroska") },
    ]

    /// Nothing is to be cut from it, so its thumbnails are the first that need room.
    private static func cleanPicture() throws -> [UInt8] {
        _ = try Photos.jpeg()
        return try fixture(
            "clean.jpg", "exiftool -q -all= -icc_profile:all= -o \"$out\" \(MediaBench.fixtures)/o1.jpg")
    }

    /// No file is taken for a damaged one, and none loses its thumbnails, for want of room.
    @Test(arguments: samples) func whatAWorkerMakes(_ sample: Sample) async throws {
        let bytes = try sample.bytes()
        try await MediaBench.run(disk: 16) { bench in
            for left in [0, 4096, bytes.count / 2] {
                let file = try await bench.receive(bytes)
                let filler = "\(bench.directory)/filler"
                try fill(bench.directory, filler, butFor: left)
                await #expect("with \(left) bytes left") {
                    try await bench.workers.process(file)
                } throws: {
                    ($0 as? MediaError)?.code == .storageFull
                }
                try await bench.store.discard(file)
                #expect(try temporaries(bench).isEmpty)
                try FileManager.default.removeItem(atPath: filler)
            }
            let media = try await bench.process(bytes).media
            #expect(media.audience == .everyone && media.thumbnails.count == 3)
        }
    }

    private func fill(_ directory: String, _ path: String, butFor left: Int) throws {
        var disk = statvfs()
        #expect(statvfs(directory, &disk) == 0)
        let free = Int(disk.f_bavail * disk.f_frsize) - left
        try Data(count: free / 4096 * 4096).write(to: URL(fileURLWithPath: path))
    }
}
