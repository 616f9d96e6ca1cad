import Testing

@testable import Media

@Suite struct SnifferTests {
    @Test(arguments: [
        ("<!DOCTYPE html><html><script>alert(1)</script>", "text/html"),
        ("hello, world\n", "text/plain"),
        ("gr\u{fc}\u{df}e \u{1F600}\n", "text/plain"),
        ("<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>", "image/svg+xml"),
        ("%PDF-1.7\n", "application/pdf"),
        ("{\"a\": [1, 2]}", "application/json"),
        ("", "application/octet-stream"),
    ])
    func textIsKnownByItsBytes(text: String, type: String) throws {
        #expect(try Sniffer.type(of: Array(text.utf8)) == type)
    }

    @Test func programsAreNotPictures() throws {
        let elf: [UInt8] =
            [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0] + [UInt8](repeating: 0, count: 8) + [3, 0, 0x3E, 0, 1, 0, 0, 0]
        #expect(try Sniffer.type(of: elf + [UInt8](repeating: 0, count: 64)).hasPrefix("application/x-"))
        #expect(try Sniffer.type(of: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) == "application/octet-stream")
    }

    @Test(arguments: [
        ("jpg", "image/jpeg"), ("png", "image/png"), ("webp", "image/webp"), ("gif", "image/gif"),
        ("heic", "image/heic"), ("avif", "image/avif"), ("tif", "image/tiff"),
    ])
    func picturesAreKnown(name: String, type: String) throws {
        #expect(try Sniffer.type(of: Array(try Photos.converted(to: name).prefix(Sniffer.headSize))) == type)
    }

    @Test func anyBytesHaveAWellFormedType() throws {
        var random = SeededRandom(seed: 11)
        for length in 0..<500 {
            let type = try Sniffer.type(of: random.bytes(length))
            #expect(type.split(separator: "/").count == 2 && !type.contains(" "))
        }
    }

    @Test(arguments: [
        ("isom", "video/mp4"), ("XAVC", "video/mp4"), ("CAEP", "video/mp4"), ("pnvi", "video/mp4"),
        ("cmfc", "video/mp4"), ("GPRO", "video/mp4"), ("Insv", "video/mp4"), ("caqv", "video/mp4"),
        ("mp21", "video/mp4"), ("piff", "video/mp4"), ("msdh", "video/mp4"), ("MSNV", "video/mp4"),
        ("f4v ", "video/mp4"), ("crx ", "image/x-canon-cr3"), ("qt  ", "video/quicktime"), ("M4A ", "audio/x-m4a"),
        ("M4VH", "video/x-m4v"), ("3gp5", "video/3gpp"), ("3g2a", "video/3gpp2"), ("heic", "image/heic"),
        ("mif1", "image/heif"), ("mif2", "image/heif"), ("miaf", "image/heif"), ("MiHE", "image/heif"),
        ("MA1B", "image/avif"), ("avis", "image/avif"), ("hevc", "image/heic-sequence"), ("jxl ", "image/jxl"),
        ("NEW1 mif1 avif", "image/avif"), ("NEW1 miaf", "image/heif"), ("mif1 heic", "image/heic"),
        ("mp42 mif1", "video/mp4"), ("NEW1 isom", "video/mp4"),
    ])
    func brandsTellPicturesFromFilms(brands: String, type: String) throws {
        // The rest of an upload that libmagic does not know at all.
        let names = Array(brands.utf8) + [UInt8](repeating: 0x20, count: brands.utf8.count == 4 ? 0 : 1)
        let words = stride(from: 0, to: names.count, by: 5).flatMap { names[$0..<min($0 + 4, names.count)] }
        let box = ISOFiles.box("ftyp", words[..<4] + [0, 0, 0, 0] + words[4...])
        #expect(try Sniffer.type(of: box + ISOFiles.box("mdat")) == type)
        let space = ISOFiles.box("free", [UInt8](repeating: 0, count: 100))
        #expect(try Sniffer.type(of: space + box + ISOFiles.box("mdat")) == type)
    }

    @Test(arguments: ["wide", "free", "skip", "pnot", "uuid", "moov", "mdat"])
    func aMovieMayBeginWithoutABrand(first: String) throws {
        let long = ISOFiles.bigEndian(200_000) + Array(first.utf8)
        #expect(try Sniffer.type(of: ISOFiles.box(first) + ISOFiles.box("mdat")) == "video/quicktime")
        #expect(try Sniffer.type(of: ISOFiles.box(first) + long) == "video/quicktime")
        #expect(try Sniffer.type(of: long + [UInt8](repeating: 0, count: 1000)) == "video/quicktime")
    }

    @Test(arguments: [
        "The free world\n", "The wide world\n", "I'd skip that\n", "All uuids are\n", "one\nfree lunch\n",
    ])
    func textIsNoMovie(text: String) throws {
        #expect(try Sniffer.type(of: Array(text.utf8)) == "text/plain")
        #expect(try Sniffer.type(of: Array(String(repeating: text, count: 5000).utf8)) == "text/plain")
    }

    @Test(arguments: ["-f mpegts", "-f mpegts -mpegts_m2ts_mode 1"])
    func aTransportStreamIsAFilm(arguments: String) async throws {
        let bytes = try ISOFiles.movie("-c:v mpeg2video -c:a mp2 \(arguments)")
        try await MediaBench.run { bench in
            let media = try await bench.process(bytes).media
            #expect(media.type == "video/mp2t" && media.kind == .video && media.thumbnails.count == 3)
        }
    }

    @Test func rawPicturesThatLibmagicDoesNotKnowArePictures() throws {
        let rest = [UInt8](repeating: 7, count: 100)
        for (head, type) in [("IIU\0", "image/x-panasonic-rw2"), ("\0MRM", "image/x-minolta-mrw")] {
            #expect(try Sniffer.type(of: Array(head.utf8) + rest) == type)
            guard case .uncleanablePicture = MediaType(mime: type) else { throw MalformedFile() }
        }
        guard case .uncleanablePicture = MediaType(mime: "image/x-canon-cr3") else { throw MalformedFile() }
    }

    /// "V" and a character from U+0800 on make the eleven bits by which libmagic knows LATM.
    @Test func textThatLooksLikeLATMIsAPlainFile() async throws {
        try await MediaBench.run { bench in
            let media = try await bench.process(Array("V\u{578B}\u{767A}\u{52D5}\u{6A5F}\n".utf8)).media
            #expect(media.audience == .everyone && media.kind == .file)
        }
    }

    @Test func aSongWithALargeCoverIsASong() async throws {
        let song = try fixture("tone.mp3", "ffmpeg -v error -f lavfi -i sine=duration=3 -f mp3 \"$out\"")
        // A private frame of 100,000 bytes; sizes have seven bits a byte (ID3 2.4.0, section 6.2).
        func size(_ value: Int) -> [UInt8] { (0..<4).reversed().map { UInt8(value >> ($0 * 7) & 0x7F) } }
        let frame = Array("PRIV".utf8) + size(100_000) + [0, 0] + [UInt8](repeating: 1, count: 100_000)
        let tagged = Array("ID3".utf8) + [4, 0, 0] + size(frame.count) + frame + song
        try await MediaBench.run { bench in
            let media = try await bench.process(tagged).media
            #expect(media.type == "audio/mpeg" && media.kind == .audio)
            #expect(abs((media.duration ?? 0) - 3) < 0.2)
        }
    }

    /// The scan for an encoding ends in the midst of a character.
    @Test(arguments: 0..<3) func longTextIsText(shift: Int) throws {
        let text = String(repeating: "x", count: shift) + String(repeating: "\u{578B}\u{E9}\n", count: 12_000)
        #expect(try Sniffer.type(of: Array(text.utf8.prefix(Sniffer.headSize))) == "text/plain")
    }
}
