import Testing

@testable import ObjectStorage

@Suite struct StreamPlacesTests {
    private let start = ContinuousClock.now

    @Test func thereAreOnlySoMany() {
        var places = StreamPlaces(max: 2, maxSilence: .seconds(25))
        let (first, second) = (places.enter(at: start), places.enter(at: start))
        #expect(first != nil && second != nil && first != second)
        #expect(places.enter(at: start) == nil)
        if let first { for _ in 0..<2 { places.leave(first) } }
        #expect(places.enter(at: start) != nil && places.enter(at: start) == nil, "left twice is left once")
    }

    @Test func whoStandsStillTakesNoPlace() throws {
        var places = StreamPlaces(max: 2, maxSilence: .seconds(25))
        let entered = [places.enter(at: start), places.enter(at: start)]
        let (first, second) = (try #require(entered[0]), try #require(entered[1]))
        places.use(second, at: start + .seconds(20))
        #expect(places.enter(at: start + .seconds(25)) == nil)
        #expect(places.enter(at: start + .seconds(26)) != nil, "the first one's connection has been closed")
        places.use(first, at: start + .seconds(26))
        #expect(places.count == 2 && places.enter(at: start + .seconds(26)) == nil, "it has lost its place")
    }
}
