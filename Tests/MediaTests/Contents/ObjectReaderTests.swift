import Testing

@testable import Media

@Suite struct ObjectReaderTests {
    @Test func piecesGrowForAFastReaderAndShrinkForASlowOne() {
        var window = PieceWindow()
        #expect(window.size == PieceWindow.minSize)
        for _ in 0..<10 { window.took(.milliseconds(1)) }
        #expect(window.size == PieceWindow.maxSize)
        window.took(.seconds(3))
        #expect(window.size == PieceWindow.minSize)
    }
}
