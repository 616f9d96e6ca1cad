import Foundation
import Testing

@testable import Media

/// Turned animations, profiles that do not fit, and what hides in the blocks that are kept.
@Suite(.serialized)
struct PictureDetailTests {
    private static func pages(_ bytes: [UInt8]) throws -> Int {
        let text = try shell("vipsheader -f n-pages \(bytes.asFile) 2>/dev/null || echo 1")
        return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }

    private static func pixel(_ bytes: [UInt8], _ x: Int, _ y: Int) throws -> [Double] {
        try shell("vips getpoint \(bytes.asFile) \(x) \(y)").split { $0.isWhitespace }.compactMap { Double($0) }
    }

    // MARK: - Movement

    @Test func anAnimationIsNotTurned() async throws {
        let bytes = try fixture(
            "moving6.webp",
            """
            ffmpeg -v error -f lavfi -i testsrc=size=600x400:rate=5:duration=2 -loop 0 "$out.webp"
            exiftool -q -overwrite_original -n -Orientation=6 -Make=SecretCam "$out.webp"; mv "$out.webp" "$out"
            """)
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            #expect((outcome.media.width, outcome.media.height) == (600, 400))
            #expect(
                outcome.media.thumbnails == [
                    Thumbnail(size: .small, width: 160, height: 107), Thumbnail(size: .medium, width: 480, height: 320),
                    Thumbnail(size: .large, width: 600, height: 400),
                ])
            #expect(try Self.pages(outcome.thumbnail(.medium)) == 10)
            #expect(try Self.pages(outcome.served) == 10)
            #expect(!outcome.served.contains("SecretCam"))
        }
    }

    @Test func anAnimatedPNGKeepsMovingAsStored() async throws {
        let bytes = try fixture(
            "moving6.png",
            """
            ffmpeg -v error -f lavfi -i testsrc=size=60x40:rate=5:duration=1 -plays 0 -f apng "$out.png"
            exiftool -q -overwrite_original -n -Orientation=6 "$out.png"; mv "$out.png" "$out"
            """)
        #expect(bytes.contains("eXIf"))
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            #expect((outcome.media.width, outcome.media.height) == (60, 40))
            #expect(outcome.media.thumbnails.map(\.width) == [60, 60, 60])
            #expect(outcome.served.contains("acTL") && outcome.served.contains("fdAT"))
            #expect(!outcome.served.contains("eXIf"))
        }
    }

    @Test func aTextAndAnOrientationInAPNGAreBothSeen() async throws {
        let plain = try fixture("tall.png", "vips black \"$out.png\" 40 30 --bands 3; mv \"$out.png\" \"$out\"")
        let exif = Array("II*\0".utf8) + [8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]
        let chunks = PictureBytes.pngChunk("tEXt", Array("Comment\0Secret".utf8)) + PictureBytes.pngChunk("eXIf", exif)
        try await MediaBench.run { bench in
            let outcome = try await bench.process(PictureBytes.png(plain, inserting: chunks))
            #expect((outcome.media.width, outcome.media.height) == (30, 40))
            #expect(outcome.media.thumbnails.allSatisfy { ($0.width, $0.height) == (30, 40) })
            #expect(!outcome.served.contains("Secret") && !outcome.served.contains("eXIf"))
        }
    }

    // MARK: - Color profiles

    private static func profile(_ name: String) throws -> String {
        switch name {
        case "grey": try PictureBytes.greyProfile.asFile
        case "garbage": try [UInt8](repeating: 0x5A, count: 3000).asFile
        // The head of a fitting profile, and nothing that could be used.
        case "hollow": try (Array(profileBytes("srgb").prefix(128)) + [UInt8](repeating: 0, count: 400)).asFile
        default: try profileBytes(name).asFile
        }
    }

    private static func profileBytes(_ name: String) throws -> [UInt8] {
        _ = try Photos.jpeg()
        return try fixture(
            "\(name).icc",
            """
            vips icc_transform \(MediaBench.fixtures)/plain.png "$out.jpg" \(name) --input-profile srgb
            exiftool -b -icc_profile "$out.jpg" > "$out"
            """)
    }

    private static func jpeg(_ kind: String, profile name: String) throws -> [UInt8] {
        _ = try Photos.jpeg()
        let plain = "\(MediaBench.fixtures)/plain.png"
        let pixels =
            switch kind {
            case "grey": "vips colourspace \(plain) \"$out.jpg\" b-w"
            case "cmyk": "vips icc_export \(plain) \"$out.jpg\" --output-profile cmyk"
            default: "vips copy \(plain) \"$out.jpg\""
            }
        let bytes = try fixture(
            "\(kind)-pixels.jpg", "\(pixels); exiftool -q -all= \"$out.jpg\"; mv \"$out.jpg\" \"$out\"")
        // Put in by hand: tools refuse some of these.
        let icc = try read(profile(name))
        let chunks = stride(from: 0, to: icc.count, by: 60_000).map { Array(icc[$0..<min($0 + 60_000, icc.count)]) }
        let segments = chunks.enumerated().flatMap { index, chunk in
            PictureBytes.jpegSegment(
                0xE2, Array("ICC_PROFILE\0".utf8) + [UInt8(index + 1), UInt8(chunks.count)] + chunk)
        }
        return bytes.prefix(2) + segments + bytes.dropFirst(2)
    }

    @Test(arguments: [
        ("grey", "srgb"), ("grey", "garbage"), ("grey", "cmyk"), ("grey", "grey"), ("rgb", "grey"), ("rgb", "cmyk"),
        ("rgb", "garbage"), ("rgb", "hollow"), ("cmyk", "srgb"), ("cmyk", "garbage"), ("cmyk", "grey"),
    ])
    func aProfileThatDoesNotFitIsPassedOver(kind: String, profile: String) async throws {
        let bytes = try Self.jpeg(kind, profile: profile)
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            #expect(outcome.media.kind == .image)
            #expect(outcome.media.thumbnails.map(\.width) == [160, 480, 800])
            #expect(outcome.media.blurhash?.count == 28)
            guard outcome.media.thumbnails.count == 3, kind != "grey" else { return }
            let large = try outcome.thumbnail(.large)
            let red = try Self.pixel(large, 50, 50)
            try #require(red.count >= 3)
            #expect(red[0] > 180 && red[1] < 70 && red[2] < 70, "\(red)")
        }
    }

    @Test func aTurnedPictureLosesAProfileThatDoesNotFit() async throws {
        let bytes = try Self.jpeg("grey", profile: "srgb")
        let exif = Array("Exif\0\0II*\0".utf8) + [8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]
        let turned = bytes.prefix(2) + PictureBytes.jpegSegment(0xE1, exif) + bytes.dropFirst(2)
        try await MediaBench.run { bench in
            let outcome = try await bench.process(Array(turned))
            #expect((outcome.media.width, outcome.media.height) == (600, 800))
            #expect(outcome.media.thumbnails.count == 3)
            #expect(!outcome.served.contains("ICC_PROFILE"))
        }
    }

    // MARK: - GIF

    @Test(arguments: [[0, 0, 0x3B], [0], [0xFF, 0x2C, 0x21], []] as [[UInt8]])
    func aGIFWithPaddingAtItsEndIsAPicture(end: [UInt8]) async throws {
        let frames = PictureBytes.gifHeader + PictureBytes.gifLoop + PictureBytes.gifFrame + PictureBytes.gifFrame
        try await MediaBench.run { bench in
            let outcome = try await bench.process(frames + end)
            #expect(outcome.media.kind == .image)
            #expect(outcome.served == frames + [0x3B])
        }
    }

    // MARK: - What hides in blocks that are kept

    private func clean(_ bytes: [UInt8], _ cutter: (ByteView) throws -> EditPlan) throws -> [UInt8] {
        let once = try CleanerFuzzTests.apply(cutter, bytes)
        #expect(try CleanerFuzzTests.apply(cutter, once) == once, "cleaning twice changes nothing")
        return once
    }

    @Test func applicationSegmentsOfAJPEGHoldNothingElse() throws {
        let jfif = Array("JFIF\0".utf8) + [1, 2, 1, 0, 72, 0, 72]
        let adobe = Array("Adobe".utf8) + [0, 100, 0, 0, 0, 0, 1]
        let rest = PictureBytes.jpegSegment(0xDB, [0]) + [0xFF, 0xD9]
        let expected =
            [0xFF, 0xD8] + PictureBytes.jpegSegment(0xE0, jfif + [0, 0]) + PictureBytes.jpegSegment(0xEE, adobe) + rest
        let hiding =
            [0xFF, 0xD8] + PictureBytes.jpegSegment(0xE0, jfif + [1, 2, 9, 9, 9, 9, 9, 9])
            + PictureBytes.jpegSegment(0xEE, adobe + Array("Secret".utf8))
            + PictureBytes.jpegSegment(0xE0, Array("JFIF\0ab".utf8)) + rest
        #expect(try clean(hiding, JPEGCleaner.plan) == expected)
        #expect(try clean(expected, JPEGCleaner.plan) == expected)
    }

    @Test func extensionsOfAGIFHoldNothingElse() throws {
        let application = [0x21, 0xFF, 11] + Array("NETSCAPE2.0".utf8)
        let secret: [UInt8] = [6] + Array("Secret".utf8) + [0]
        let hiding =
            PictureBytes.gifHeader + application + [3, 1, 0, 0] + secret + application + secret
            + PictureBytes.gifGraphicControl.dropLast() + secret + PictureBytes.gifImage + [0x3B]
        let expected = PictureBytes.gifHeader + PictureBytes.gifLoop + PictureBytes.gifFrame + [0x3B]
        #expect(try clean(hiding, GIFCleaner.plan) == expected)
        #expect(try clean(expected, GIFCleaner.plan) == expected)
    }

    @Test func chunksOfAWebPHoldNothingElse() async throws {
        let image = try PictureBytes.smallImageChunk()
        let secret = PictureBytes.riffChunk("GPS ", Array("Secret!".utf8))
        let stray = PictureBytes.riffChunk("ALPH", Array("Secret".utf8))
        let loop = [UInt8](repeating: 0, count: 6)
        let extended = PictureBytes.vp8x(flags: 2, edge: 8)
        let anim = PictureBytes.riffChunk("ANIM", loop)
        let hiding = PictureBytes.webp(
            PictureBytes.vp8x(flags: 2 | 8 | 4, edge: 8), PictureBytes.riffChunk("ANIM", loop + Array("Secret".utf8)),
            stray, image, PictureBytes.anmf(edge: 8, secret + image + secret + stray + image),
            PictureBytes.anmf(edge: 8, image), secret)
        let frame = PictureBytes.anmf(edge: 8, image)
        let expected = PictureBytes.webp(extended, anim, frame, frame)
        #expect(try clean(hiding, WebPCleaner.plan) == expected)
        #expect(try clean(expected, WebPCleaner.plan) == expected)
        #expect(try clean(PictureBytes.webp(stray, image, stray, image), WebPCleaner.plan) == PictureBytes.webp(image))
        try await MediaBench.run { bench in
            let outcome = try await bench.process(hiding)
            #expect(outcome.media.kind == .file, "libwebp does not read it")
            let clean = try await bench.process(expected)
            #expect(clean.media.kind == .image)
        }
    }

    @Test func transparencyOfAWebPStays() async throws {
        let bytes = try fixture(
            "clear.webp",
            """
            vips black "$out.v" 80 60 --bands 4
            vips copy "$out.v" "$out.webp" --interpretation srgb; rm "$out.v"; mv "$out.webp" "$out"
            """)
        #expect(bytes.contains("ALPH"))
        let cleaned = try clean(bytes, WebPCleaner.plan)
        #expect(cleaned.contains("ALPH"))
        #expect(try Self.pixel(cleaned, 5, 5).last == 0)
    }

    // MARK: - Noise

    /// The walks for the decoder, on bytes that mean no good: they throw or plan within the file.
    @Test func anyBytesAreSurvived() throws {
        var random = SeededRandom(seed: 11)
        let frame = PictureBytes.anmf(edge: 8, try PictureBytes.smallImageChunk())
        let webp = PictureBytes.webp(
            PictureBytes.vp8x(flags: 2, edge: 8), PictureBytes.riffChunk("ANIM", [0, 0, 0, 0, 0, 0]), frame, frame)
        let gif = PictureBytes.gifHeader + PictureBytes.gifLoop + PictureBytes.gifFrame + PictureBytes.gifFrame + [0x3B]
        let png = try fixture("clean.png", "vips black \"$out.png\" 40 30 --bands 3; mv \"$out.png\" \"$out\"")
        let walks: [([UInt8], (ByteView) throws -> (plan: EditPlan, frames: Int))] = [
            (webp, { try WebPCleaner.survey($0, keeping: 1) }), (gif, { try GIFCleaner.survey($0, keeping: 1) }),
            (png, { try PNGCleaner.survey($0, keepsEXIF: true) }),
        ]
        for (sample, walk) in walks {
            for round in 0..<1_000 {
                let damaged = random.damage(sample, bytes: round % 12)
                let bytes = Array(damaged.prefix(Int.random(in: 0...damaged.count, using: &random)))
                guard let plan = try? bytes.withUnsafeBytes({ try walk(ByteView($0)) }).plan else { continue }
                for case .copy(let range) in plan.pieces {
                    try #require(0 <= range.lowerBound && range.upperBound <= bytes.count)
                }
            }
        }
    }
}
