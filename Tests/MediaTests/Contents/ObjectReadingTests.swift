import Testing

@testable import Media

@Suite struct ObjectReadingTests {
    private static let size = 100 << 20

    @Test func aFastReaderAsksOnce() {
        var reading = ObjectReading(0..<Self.size, of: Self.size)
        #expect(reading.step == .stream(0..<Self.size))
        for _ in 0..<100 { reading.passed(1 << 20, in: .milliseconds(900)) }
        #expect(reading.step == nil)
    }

    @Test func onlyWhatThereIsIsAskedFor() {
        #expect(ObjectReading(5..<50, of: 10).step == .stream(5..<10))
        #expect(ObjectReading(20..<50, of: 10).step == nil)
        #expect(ObjectReading(5..<5, of: 10).step == nil)
    }

    @Test func aSlowReaderGetsPieces() {
        var reading = ObjectReading(0..<Self.size, of: Self.size)
        reading.passed(1000, in: .seconds(1))
        #expect(reading.step == .piece(1000..<1000 + ObjectReading.minPiece))
        reading.passed(ObjectReading.minPiece, in: .seconds(2))
        let offset = 1000 + ObjectReading.minPiece
        #expect(reading.step == .piece(offset..<offset + ObjectReading.minPiece), "no larger ones")
    }

    @Test func whoBecomesFastGetsLargerPiecesAndThenAStream() {
        var reading = ObjectReading(0..<Self.size, of: Self.size)
        reading.isCrowded()
        var sizes: [Int] = []
        while case .piece(let range) = reading.step {
            sizes.append(range.count)
            reading.passed(range.count, in: .zero)
        }
        #expect(sizes == [256 << 10, 512 << 10, 1 << 20, 2 << 20])
        #expect(reading.step == .stream(sizes.reduce(0, +)..<Self.size))
    }

    @Test func theLastPieceEndsAtTheEnd() {
        var reading = ObjectReading(0..<1000, of: Self.size)
        reading.isCrowded()
        #expect(reading.step == .piece(0..<1000))
        reading.passed(1000, in: .seconds(9))
        #expect(reading.step == nil)
    }

    @Test func anAnswerThatBreaksGoesOnWhereItWas() {
        var reading = ObjectReading(0..<Self.size, of: Self.size)
        #expect(reading.began(totalSize: Self.size, tag: "\"a\"") == nil)
        reading.passed(1234, in: .zero)
        #expect(reading.failed() == 1)
        #expect(reading.step == .stream(1234..<Self.size) && reading.tag == "\"a\"")
    }

    @Test func itIsGivenUpWhenNothingComes() {
        var reading = ObjectReading(0..<Self.size, of: Self.size)
        #expect((0..<4).map { _ in reading.failed() } == [1, 2, 3, nil])
    }

    @Test func someBytesAreNoProgress() {
        var reading = ObjectReading(0..<Self.size, of: Self.size)
        var answers = 0
        repeat {
            answers += 1
            reading.passed(ObjectReading.progress - 1, in: .zero)
        } while reading.failed() != nil && answers < 99
        #expect(answers == ObjectReading.maxFailures + 1)
    }

    @Test func whoGetsOnMayFailAgain() {
        var reading = ObjectReading(0..<Self.size, of: Self.size)
        for _ in 0..<50 {
            #expect(reading.failed() == 1)
            reading.passed(ObjectReading.progress, in: .zero)
        }
    }

    @Test func ofAnotherVersionNothingIsTaken() {
        var reading = ObjectReading(0..<10, of: 10)
        #expect(reading.began(totalSize: 9, tag: nil) != nil)
        #expect(reading.began(totalSize: 10, tag: nil) == nil)
        #expect(reading.began(totalSize: 10, tag: "\"a\"") == nil)
        #expect(reading.began(totalSize: 10, tag: nil) == nil && reading.tag == "\"a\"")
        #expect(reading.began(totalSize: 10, tag: "\"b\"") != nil)
    }
}
