import Testing

@testable import Media

@Suite struct BlurhashTests {
    /// The expected text is the one that the Python package `blurhash` makes of the same pixels.
    @Test func aGradientHasThePublishedHash() {
        var pixels: [UInt8] = []
        for y in 0..<24 {
            for x in 0..<32 { pixels += [x * 8, y * 10, (x + y) * 4].map { UInt8(truncatingIfNeeded: $0) } }
        }
        #expect(Blurhash.encode(rgb: pixels, width: 32, height: 24) == "LxH27b2kwzX5mAWYjuf7gKfkfQfj")
    }

    @Test func nothingHasNoHash() {
        #expect(Blurhash.encode(rgb: [], width: 0, height: 0) == nil)
        #expect(Blurhash.encode(rgb: [1, 2, 3], width: 2, height: 1) == nil)
    }
}
