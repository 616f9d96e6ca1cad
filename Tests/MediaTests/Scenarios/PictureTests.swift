import Foundation
import Testing

@testable import Media

/// What becomes of real pictures of every format.
@Suite(.serialized)
struct PictureTests {
    private static func facts(_ bytes: [UInt8]) throws -> (width: Int, height: Int, pages: Int, orientation: Int) {
        let path = try bytes.asFile
        func field(_ name: String) throws -> Int? {
            Int(
                try shell("vipsheader -f \(name) \(path) 2>/dev/null || true").trimmingCharacters(
                    in: .whitespacesAndNewlines))
        }
        return (
            try field("width") ?? 0, try field("height") ?? 0, try field("n-pages") ?? 1, try field("orientation") ?? 1
        )
    }

    private static func metadata(_ bytes: [UInt8]) throws -> String {
        try shell("exiftool -G1 -GPSLatitude -GPSPosition -Make -City -Comment -a \(bytes.asFile)")
    }

    @Test(arguments: ["jpg", "png", "webp", "heic", "avif", "tif"])
    func metadataIsGoneAndThumbnailsAreMade(type: String) async throws {
        let bytes = type == "jpg" ? try Photos.jpeg() : try Photos.converted(to: type)
        #expect(try !Self.metadata(bytes).isEmpty)
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            #expect(outcome.media.kind == .image)
            #expect(outcome.media.audience == .everyone)
            #expect(outcome.media.width == 800)
            #expect(outcome.media.height == 600)
            #expect(outcome.media.cleaned?.size == outcome.served.count)
            #expect(try Self.metadata(outcome.served).isEmpty)
            for secret in Photos.secrets { #expect(!outcome.served.contains(secret)) }
            #expect(try Self.facts(outcome.served).width == 800)
            #expect(try Self.facts(outcome.served).orientation == 1)
            #expect(outcome.media.thumbnails.map(\.width) == [160, 480, 800])
            for size in ThumbnailSize.allCases {
                let thumbnail = try outcome.thumbnail(size)
                #expect(try Sniffer.type(of: thumbnail) == "image/webp")
                #expect(!thumbnail.contains("EXIF") && !thumbnail.contains("SecretC"))
            }
            #expect(outcome.media.blurhash?.count == 28)
        }
    }

    @Test(arguments: 1...8)
    func orientationIsInThePixels(orientation: Int) async throws {
        let bytes = try Photos.jpeg(orientation: orientation)
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            let upright = orientation >= 5 ? (600, 800) : (800, 600)
            #expect((outcome.media.width, outcome.media.height) == upright)
            let facts = try Self.facts(outcome.served)
            #expect((facts.width, facts.height) == upright)
            #expect(try Self.metadata(outcome.served).isEmpty)
            #expect(outcome.media.thumbnails.first?.width == (orientation >= 5 ? 120 : 160))
            // The stored picture's red corner is at its top left: after turning it is where EXIF says.
            let corner: (x: Int, y: Int) =
                switch orientation {
                case 1, 5: (0, 0)
                case 2, 6: (1, 0)
                case 3, 7: (1, 1)
                default: (0, 1)
                }
            for (picture, width, height) in [(outcome.served, facts.width, facts.height)] {
                let point = (corner.x * (width - 1), corner.y * (height - 1))
                let pixel = try shell("vips getpoint \(picture.asFile) \(point.0) \(point.1)").split(separator: " ")
                #expect(Double(pixel[0]) ?? 0 > 180 && Double(pixel[1]) ?? 255 < 60, "\(pixel)")
            }
        }
    }

    @Test func cuttingLeavesTheJPEGPixelsAlone() async throws {
        let bytes = try Photos.jpeg()
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            let difference = try shell(
                """
                d=$(mktemp -d); cp \(bytes.asFile) $d/a.jpg; cp \(outcome.served.asFile) $d/b.jpg
                vips subtract $d/a.jpg $d/b.jpg $d/c.v; vips abs $d/c.v $d/d.v; vips max $d/d.v; rm -r $d
                """)
            #expect(Double(difference.trimmingCharacters(in: .whitespacesAndNewlines)) == 0)
        }
    }

    @Test func aCleanPictureIsServedAsReceived() async throws {
        let bytes = try fixture("clean.png", "vips black \"$out.png\" 40 30 --bands 3; mv \"$out.png\" \"$out\"")
        try await MediaBench.run { bench in
            let first = try await bench.process(bytes)
            let second = try await bench.process(first.served)
            #expect(second.media.cleaned == nil)
            #expect(second.served == first.served)
            // Never enlarged.
            #expect(second.media.thumbnails.allSatisfy { ($0.width, $0.height) == (40, 30) })
        }
    }

    @Test(arguments: ["gif", "webp"])
    func animationsMoveInMediumOnly(type: String) async throws {
        let bytes = try fixture(
            "moving.\(type)",
            """
            ffmpeg -v error -f lavfi -i testsrc=size=600x400:rate=5:duration=2 -loop 0 "$out.\(type)"
            mv "$out.\(type)" "$out"
            """)
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            #expect((outcome.media.width, outcome.media.height) == (600, 400))
            #expect(try Self.facts(outcome.thumbnail(.small)).pages == 1)
            #expect(try Self.facts(outcome.thumbnail(.medium)).pages == 10)
            #expect(try Self.facts(outcome.thumbnail(.large)).pages == 1)
            #expect(try Self.facts(outcome.served).pages == 10)
            #expect(outcome.media.thumbnails[1] == Thumbnail(size: .medium, width: 480, height: 320))
        }
    }

    @Test func aGIFLosesCommentsAndXMPButKeepsItsLoop() async throws {
        let bytes = try fixture(
            "comment.gif",
            """
            ffmpeg -v error -f lavfi -i testsrc=size=60x40:rate=5:duration=1 -loop 0 "$out.gif"; mv "$out.gif" "$out"
            exiftool -q -overwrite_original -Comment=SecretComment -XMP:City=SecretCity "$out"
            """)
        #expect(bytes.contains("SecretComment") && bytes.contains("SecretCity"))
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            #expect(!outcome.served.contains("Secret"))
            #expect(outcome.served.contains("NETSCAPE2.0"))
        }
    }

    @Test func colorProfilesStay() async throws {
        let bytes = try fixture(
            "profile.jpg",
            """
            vips icc_transform \(MediaBench.fixtures)/o6.jpg "$out.jpg" p3 --input-profile srgb; mv "$out.jpg" "$out"
            exiftool -q -overwrite_original -n -Orientation=6 "$out"
            """)
        try await MediaBench.run { bench in
            for picture in [bytes, try Photos.converted(to: "png")] where picture == bytes {
                let outcome = try await bench.process(picture)
                #expect(outcome.served.contains("ICC_PROFILE"))
                #expect(!(try outcome.thumbnail(.large)).contains("ICCP"))
            }
        }
    }
}
