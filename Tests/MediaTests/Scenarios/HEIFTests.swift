import Foundation
import Testing

@testable import Media

/// What may stand in a HEIC or AVIF beside its pictures.
@Suite(.serialized)
struct HEIFTests {
    private func clean(_ bytes: [UInt8]) throws -> [UInt8] { try CleanerFuzzTests.apply(HEIFCleaner.plan, bytes) }

    /// The greatest difference between the pixels of two pictures.
    private func difference(_ one: [UInt8], _ other: [UInt8]) throws -> Double? {
        let result = try shell(
            """
            d=$(mktemp -d); vips subtract \(one.asFile) \(other.asFile) $d/c.v; vips abs $d/c.v $d/d.v
            vips max $d/d.v; rm -r $d
            """)
        return Double(result.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    /// Puts a box into `meta`, before the media data, and moves the items' places with them.
    private func inserting(_ bytes: [UInt8], into path: String, of file: [UInt8]) throws -> [UInt8] {
        var file = try ISOFiles.inserting(bytes, into: path, of: file)
        let meta = try #require(try ISOFiles.list(file, 0..<file.count).first { $0.type == "meta" })
        let children = try ISOFiles.list(file, (meta.content.lowerBound + 4)..<meta.content.upperBound)
        let table = try #require(children.first { $0.type == "iloc" }?.content)
        // libheif writes version 1 or 0, offsets and lengths of 4 bytes and no base offset, with one extent an item.
        let version = file[table.lowerBound]
        try #require(file[table.lowerBound + 4] == 0x44)
        let base = Int(file[table.lowerBound + 5] >> 4)
        let size = 2 + (version == 0 ? 0 : 2) + 2 + base + 2 + 8
        for entry in stride(from: table.lowerBound + 8, to: table.upperBound - size + 1, by: size) {
            if version == 1, file[entry + 3] & 15 == 1 { continue }
            let place = entry + size - 8
            let offset = try file.withUnsafeBytes { try ByteView($0).bigEndian(place, size: 4) }
            file.replaceSubrange(place..<(place + 4), with: ISOFiles.bigEndian(offset + bytes.count))
        }
        return file
    }

    @Test(arguments: ["heic", "avif"])
    func aBoxThatNobodyNeedsIsErased(type: String) async throws {
        let plain = try Photos.converted(to: type)
        let film = try ISOFiles.box("mpvd", Movies.located())
        try await MediaBench.run { bench in
            for (path, box) in [
                ("meta", ISOFiles.box("xml ")), ("meta", ISOFiles.box("uuid")), ("meta", ISOFiles.box("udta")),
                ("meta/iprp/ipco", ISOFiles.box("udes")), ("meta/iprp", ISOFiles.box("uuid")),
                ("meta/dinf", ISOFiles.box("uuid")), ("meta/grpl", ISOFiles.box("uuid")),
            ] where path.hasPrefix("meta/iprp") || path == "meta" {
                let bytes = try inserting(box, into: path, of: plain)
                let outcome = try await bench.process(bytes)
                #expect(outcome.media.kind == .image && outcome.media.audience == .everyone, "\(path)")
                #expect(!outcome.served.contains("SecretPlace"), "\(path)")
                #expect(try difference(outcome.served, plain) == 0, "\(path)")
            }
            for appended in [
                film, ISOFiles.box("sefd"), ISOFiles.box("uuid"), ISOFiles.box("what"), film + ISOFiles.box("sefd"),
                Array("\(ISOFiles.secret)\n".utf8), try Photos.jpeg(), [1], ISOFiles.box("meta"),
            ] {
                let outcome = try await bench.process(plain + appended)
                #expect(outcome.media.kind == .image && outcome.media.audience == .everyone)
                #expect(try outcome.served == clean(plain))
            }
        }
    }

    @Test(arguments: ["heic", "avif"])
    func bytesOfNoPictureAreErased(type: String) throws {
        let plain = try Photos.converted(to: type)
        let bytes = try ISOFiles.inserting(Array(ISOFiles.secret.utf8), into: "mdat", of: plain)
        let cleaned = try clean(bytes)
        #expect(cleaned.count == bytes.count && !cleaned.contains("SecretPlace"))
        #expect(try difference(cleaned, plain) == 0)
        #expect(try clean(cleaned) == cleaned)
    }

    @Test func anErasedPropertyIsNoLongerAskedFor() throws {
        var bytes = try Photos.converted(to: "heic")
        let property = try #require(bytes.firstRange(of: Array("pixi".utf8)))
        bytes.replaceSubrange(property, with: Array("udes".utf8))
        let cleaned = try clean(bytes)
        #expect(!cleaned.contains("udes"))
        #expect(try difference(cleaned, bytes) == 0)
        let table = try #require(bytes.firstRange(of: Array("ipma".utf8)))
        let size = Int(bytes[table.lowerBound - 1]) - 8
        #expect(
            cleaned[table.upperBound..<(table.upperBound + size)] != bytes[table.upperBound..<(table.upperBound + size)]
        )
    }

    /// It is a film as well.
    @Test func aPictureThatMovesIsAPicture() async throws {
        let bytes = try fixture(
            "moving.avif",
            """
            ffmpeg -v error -f lavfi -i testsrc=size=64x48:rate=5:duration=1 -c:v libaom-av1 -cpu-used 8 \
            -pix_fmt yuv420p -f avif "$out"
            """)
        let secret = ISOFiles.box("udta")
        let tagged = try ISOFiles.inserting(secret, into: "moov", of: bytes)
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes + ISOFiles.box("uuid"))
            #expect(outcome.media.type == "image/avif" && outcome.media.audience == .everyone)
            #expect(outcome.media.kind == .image && outcome.media.thumbnails.count == 3)
            #expect(outcome.served.count == bytes.count && !outcome.served.contains("Secret"))
        }
        #expect(try !clean(tagged).contains("Secret"))
    }
}
