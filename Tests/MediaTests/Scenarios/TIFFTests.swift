import Foundation
import Testing

@testable import Media

/// TIFFs hold more than one picture; none of them gets lost.
@Suite(.serialized)
struct TIFFTests {
    private typealias Page = PictureBytes.TIFFPage

    private static func pages(of bytes: [UInt8]) throws -> Int {
        let text = try shell("vipsheader -f n-pages \(bytes.asFile) 2>/dev/null || echo 1")
        return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }

    private func expectKeptForOwner(_ bytes: [UInt8], _ comment: Comment? = nil) async throws {
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            #expect(outcome.media == .plainFile(type: "image/tiff", audience: .ownerOnly), comment)
            let isAsReceived = outcome.served == bytes
            #expect(isAsReceived, comment)
        }
    }

    @Test func aRawPhotoIsNotReplacedByItsThumbnail() async throws {
        let thumbnail = Page(width: 160, height: 120)
        let raw = PictureBytes.tiff([Page(width: 600, height: 400)])
        // NEF, DNG, ARW: the picture's directory is pointed to by tag 330 of the thumbnail's.
        try await expectKeptForOwner(
            PictureBytes.tiff([Page(width: 160, height: 120, extra: [330: 100])], data: raw), "SubIFDs")
        try await expectKeptForOwner(
            PictureBytes.tiff([Page(width: 600, height: 400, extra: [50706: 0x0000_0401])]), "DNGVersion")
        try await expectKeptForOwner(
            PictureBytes.tiff([Page(width: 160, height: 120, extra: [254: 1])], data: raw), "a reduced version")
        try await expectKeptForOwner(
            PictureBytes.tiff([thumbnail], data: [UInt8](repeating: 7, count: 2 << 20)), "the maker's own data")
    }

    @Test func pagesAreKept() async throws {
        try await MediaBench.run { bench in
            let bytes = PictureBytes.tiff([Page(shade: 10), Page(shade: 100), Page(shade: 200)])
            let outcome = try await bench.process(bytes)
            #expect(outcome.media.audience == .everyone)
            #expect((outcome.media.width, outcome.media.height) == (40, 30))
            #expect(try Self.pages(of: outcome.served) == 3)
        }
    }

    @Test(arguments: [301, 1_000, 20_000])
    func moreThanSomeHundredPagesAreNoPicture(count: Int) async throws {
        let bytes = PictureBytes.tiff([Page](repeating: Page(width: 1, height: 1), count: count))
        try await expectKeptForOwner(bytes)
    }

    @Test func directoriesInACircleAreNoPicture() async throws {
        var bytes = PictureBytes.tiff([Page()])
        bytes.replaceSubrange((bytes.count - 4)..., with: bytes[4..<8])
        try await expectKeptForOwner(bytes)
    }

    @Test func aPageToBeTurnedAmongOthersIsNot() async throws {
        let turned = Page(extra: [274: 6])
        try await expectKeptForOwner(PictureBytes.tiff([turned, turned]))
        try await expectKeptForOwner(PictureBytes.tiff([Page(), turned]))
        try await MediaBench.run { bench in
            let outcome = try await bench.process(PictureBytes.tiff([turned]))
            #expect(outcome.media.audience == .everyone)
            #expect((outcome.media.width, outcome.media.height) == (30, 40))
        }
    }

    @Test func anyBytesAreSurvived() throws {
        var random = SeededRandom(seed: 330)
        let page = Page(extra: [254: 0, 274: 1])
        let sample = PictureBytes.tiff([page, page])
        func check(_ bytes: [UInt8]) {
            _ = try? bytes.withUnsafeBytes { try TIFFPages.check(ByteView($0), maxPages: 300) }
        }
        for round in 0..<2_000 {
            check(random.damage(sample, bytes: 1 + round % 20))
            check(Array(sample.prefix(Int.random(in: 0..<sample.count, using: &random))))
            check(Array("MM\0+\0\u{8}\0\0".utf8) + random.bytes(200))
        }
    }
}
