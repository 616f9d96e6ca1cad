import Testing

@testable import Media

@Suite struct WAVCleanerTests {
    private func number(_ value: Int, _ size: Int = 4) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
        Array(name.utf8) + number(content.count) + content + (content.count % 2 == 1 ? [0] : [])
    }

    private func wave(_ chunks: [UInt8]...) -> [UInt8] {
        let content = Array("WAVE".utf8) + chunks.flatMap { $0 }
        return Array("RIFF".utf8) + number(content.count) + content
    }

    private var format: [UInt8] {
        chunk("fmt ", number(1, 2) + number(1, 2) + number(8000) + number(8000) + number(1, 2) + number(8, 2))
    }
    private var samples: [UInt8] { chunk("data", Array("samples".utf8)) }
    private let secret = Array("INFOIARTSecret".utf8)

    private func clean(_ bytes: [UInt8]) throws -> [UInt8] { try CleanerFuzzTests.apply(WAVCleaner.plan, bytes) }

    @Test func aBareOneIsKeptByteForByte() throws {
        #expect(try clean(wave(format, samples)) == wave(format, samples))
        #expect(
            try clean(wave(format, chunk("fact", number(7)), samples))
                == wave(format, chunk("fact", number(7)), samples))
        // Without the byte that fills up an odd chunk.
        let short = Array(wave(format, samples).dropLast())
        #expect(try clean(short).suffix(samples.count - 1) == samples.dropLast())
    }

    @Test func whateverElseItSaysIsDropped() throws {
        let plain = wave(format, samples)
        for name in ["LIST", "bext", "iXML", "id3 ", "ID3 ", "_PMX", "PEAK", "cart", "JUNK", "fmt2"] {
            #expect(try clean(wave(chunk(name, secret), format, samples)) == plain, "\(name)")
            #expect(try clean(wave(format, chunk(name, secret), samples)) == plain, "\(name)")
            #expect(try clean(wave(format, samples, chunk(name, secret))) == plain, "\(name)")
        }
        #expect(try clean(plain + secret) == plain)
        #expect(try clean(plain + chunk("LIST", secret).dropLast(3)) == plain, "cut short")
        #expect(try clean(wave(format, samples, chunk("data", secret))) == plain)
    }

    @Test func whatIsNotUnderstoodIsLeftToFFmpeg() {
        for bad in [
            wave(samples), wave(format), wave(format, chunk("data", [])), Array(wave(format, samples).dropLast(3)),
            Array("RF64".utf8) + wave(format, samples).dropFirst(4),
            Array("RIFX".utf8) + wave(format, samples).dropFirst(4),
            wave(format, Array("data".utf8) + number(0xFFFF_FFFF) + secret), [], Array("RIFF".utf8),
        ] {
            #expect(throws: MalformedFile.self) { try clean(bad) }
        }
    }
}
