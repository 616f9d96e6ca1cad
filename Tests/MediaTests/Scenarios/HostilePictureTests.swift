import Foundation
import Testing

@testable import Media

/// Pictures that lie, are broken, or are something else as well.
@Suite(.serialized)
struct HostilePictureTests {
    private static func pngHeader(width: UInt32, height: UInt32) -> [UInt8] {
        func bigEndian(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - $0 * 8)) } }
        func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
            let body = Array(type.utf8) + content
            return bigEndian(UInt32(content.count)) + body + bigEndian(crc32(body))
        }
        // One row of a real stream: enough for a decoder to believe the header.
        let data: [UInt8] = [0x78, 0x9C, 0x63, 0, 0, 0, 1, 0, 1]
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
            + chunk("IHDR", bigEndian(width) + bigEndian(height) + [8, 2, 0, 0, 0]) + chunk("IDAT", data)
            + chunk("IEND", [])
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
    }

    @Test func aBombIsRefusedFromItsHeader() async throws {
        try await MediaBench.run {
            $0.limits.memoryBytes = 200 << 20
        } body: { bench in
            _ = try await bench.process(Self.pngHeader(width: 10, height: 10))
            let worker = try #require(bench.workers.idleWorkers.first)
            let before = try cpuSeconds(of: worker)
            let outcome = try await bench.process(Self.pngHeader(width: 60_000, height: 60_000))
            #expect(try cpuSeconds(of: worker) - before < 10)
            #expect(outcome.media == .plainFile(type: "image/png", audience: .ownerOnly))
            #expect(bench.workers.idleWorkers.count == 1, "the worker lives on")
        }
    }

    @Test func tenThousandFramesBecomeOne() async throws {
        // A header, then one tiny frame ten thousand times.
        let frame: [UInt8] = [
            0x21, 0xF9, 4, 0, 5, 0, 0, 0, 0x2C, 0, 0, 0, 0, 8, 0, 8, 0, 0, 2, 7, 0x84, 0x8F, 0xA9, 0xCB, 0xED, 0x0F,
            0xA3, 0,
        ]
        let header: [UInt8] = Array("GIF89a".utf8) + [8, 0, 8, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255]
        let bytes = header + (0..<10_000).flatMap { _ in frame } + [0x3B]
        try await MediaBench.run { bench in
            // A worker that has started.
            _ = try await bench.process(Self.pngHeader(width: 10, height: 10))
            let worker = try #require(bench.workers.idleWorkers.first)
            let before = try cpuSeconds(of: worker)
            let outcome = try await bench.process(bytes)
            #expect(try cpuSeconds(of: worker) - before < 5)
            #expect(outcome.media.kind == .image)
            #expect(outcome.media.thumbnails.count == 3)
            let medium = try outcome.thumbnail(.medium)
            #expect(!medium.contains("ANIM"))
            #expect(outcome.served == bytes, "nothing to clean")
        }
    }

    @Test(arguments: ["jpg", "png", "gif"])
    func aPictureCutShortIsStillShown(type: String) async throws {
        let whole = type == "jpg" ? try Photos.jpeg() : try Photos.converted(to: type)
        let bytes = Array(whole.prefix(whole.count * 2 / 3))
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            #expect(outcome.media.kind == .image)
            #expect(outcome.media.audience == .everyone)
            #expect(outcome.media.width == 800)
            #expect(outcome.media.thumbnails.count == 3)
            #expect(!outcome.served.contains("Secret"))
        }
    }

    @Test func whatFollowsThePictureIsCut() async throws {
        let archive = Array("PK\u{3}\u{4}<script>alert(1)</script>".utf8)
        try await MediaBench.run { bench in
            for type in ["jpg", "png", "gif", "webp"] {
                let picture = type == "jpg" ? try Photos.jpeg() : try Photos.converted(to: type)
                let outcome = try await bench.process(picture + archive)
                #expect(outcome.media.kind == .image, "\(type)")
                #expect(!outcome.served.contains("<script>"), "\(type)")
            }
        }
    }

    @Test func aSignatureAloneIsNoPicture() async throws {
        let bytes = Array(Self.pngHeader(width: 10, height: 10).prefix(33)) + Array("<html><script>1</script>".utf8)
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            #expect(!outcome.served.contains("<script>") || outcome.media.audience == .ownerOnly)
        }
    }

    @Test func formatsThatCannotBeCleanedAreTheOwnersAlone() async throws {
        let bytes: [UInt8] =
            [0, 0, 0, 0x0C, 0x4A, 0x58, 0x4C, 0x20, 0x0D, 0x0A, 0x87, 0x0A] + [UInt8](repeating: 0, count: 64)
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            #expect(outcome.media == .plainFile(type: "image/jxl", audience: .ownerOnly))
            #expect(bench.workers.idleWorkers.isEmpty, "it is not even decoded")
        }
    }

    @Test func noiseInPicturesNeverBreaksTheService() async throws {
        var random = SeededRandom(seed: 7)
        try await MediaBench.run { bench in
            for type in ["jpg", "png", "gif", "webp", "tif", "heic"] {
                let picture = type == "jpg" ? try Photos.jpeg() : try Photos.converted(to: type)
                for _ in 0..<8 {
                    let outcome = try await bench.process(random.damage(picture, bytes: 20))
                    // What no longer begins like a picture is a file like any other.
                    guard outcome.media.type.hasPrefix("image/") else { continue }
                    #expect(outcome.media.audience == .ownerOnly || !outcome.served.contains("SecretCam"), "\(type)")
                }
            }
        }
    }
}
