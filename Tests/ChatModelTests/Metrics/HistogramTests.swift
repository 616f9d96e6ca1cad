import Testing

@testable import ChatModel

@Suite struct HistogramTests {
    @Test func countsAreCumulativeAndABoundIsWithin() {
        let histogram = Histogram(bounds: [1, 10])
        for value in [0.5, 1, 2, 10, 11] { histogram.record(value) }
        let snapshot = histogram.snapshot
        #expect(snapshot.cumulative.map(\.count) == [2, 4])
        #expect(snapshot.cumulative.map(\.bound) == [1, 10])
        #expect(snapshot.count == 5)
        #expect(snapshot.sum == 24.5)
    }
}
