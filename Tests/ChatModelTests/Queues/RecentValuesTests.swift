import Testing

@testable import ChatModel

@Suite struct RecentValuesTests {
    private struct Failure: Error {}

    @Test func aValueIsMadeOnce() {
        let values = RecentValues<Int, String>(max: 10)
        #expect(values.value(of: 1) { "one" } == "one")
        #expect(values.value(of: 1) { "another" } == "one")
        #expect(values.value(of: 2) { "two" } == "two")
    }

    @Test func aFailureIsNotRemembered() {
        let values = RecentValues<Int, String>(max: 10)
        #expect(throws: Failure.self) { try values.value(of: 1) { throw Failure() } }
        #expect(values.value(of: 1) { "one" } == "one")
    }

    @Test func whatIsInUseStaysAndTheRestIsForgotten() {
        let values = RecentValues<Int, Int>(max: 10)
        for key in 1...1000 {
            _ = values.value(of: 0) { key }
            _ = values.value(of: key) { key }
            #expect(values.count <= 10)
        }
        #expect(values.value(of: 0) { -1 } == 1)
        #expect(values.value(of: 1) { -1 } == -1)
    }
}
