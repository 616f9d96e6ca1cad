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
}
