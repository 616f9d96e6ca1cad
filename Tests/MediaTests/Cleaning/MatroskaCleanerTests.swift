import Testing

@testable import Media

@Suite struct MatroskaCleanerTests {
    private func element(_ id: [UInt8], _ content: [UInt8]) -> [UInt8] {
        // A size of eight bytes (RFC 8794, section 4).
        id + [0x01] + (0..<7).reversed().map { UInt8(truncatingIfNeeded: content.count >> ($0 * 8)) } + content
    }

    /// What stands behind a codec's settings is not part of them, though it looks so: here an element whose id and size are
    /// the bytes of "fLaC".
    @Test(arguments: [[], [0x66], [0x66, 0x4C, 0x61]] as [[UInt8]])
    func settingsThatAreTooShortAreLeftAlone(settings: [UInt8]) throws {
        let follower = Array("fLaC".utf8.dropFirst(settings.count)) + [UInt8](repeating: 0, count: 0x2143)
        let track =
            element([0x86], Array("A_FLAC".utf8)) + [0x63, 0xA2, 0x80 | UInt8(settings.count)] + settings + follower
        let file =
            element([0x1A, 0x45, 0xDF, 0xA3], element([0x42, 0x82], Array("matroska".utf8)))
            + element([0x18, 0x53, 0x80, 0x67], element([0x16, 0x54, 0xAE, 0x6B], element([0xAE], track)))
        // It may be refused. It must not trap.
        let cleaned = try? CleanerFuzzTests.apply(MatroskaCleaner.plan, file)
        #expect(cleaned.map { $0.count == file.count } ?? true)
    }
}
