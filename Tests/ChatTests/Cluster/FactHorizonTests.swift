import Testing

@testable import Chat

@Suite struct FactHorizonTests {
    @Test func whatWasOverLongAgoIsNotLookedFor() {
        var horizon = FactHorizon()
        #expect(horizon.transaction(at: .zero) == nil && horizon.isDue(at: .zero))
        horizon.note(10, at: .zero)
        #expect(!horizon.isDue(at: .seconds(29)) && horizon.isDue(at: .seconds(30)))
        #expect(horizon.transaction(at: .seconds(30)) == 10)
        horizon.note(20, at: .seconds(30))
        horizon.note(30, at: .seconds(200))
        #expect(horizon.transaction(at: .seconds(299)) == 10)
        #expect(horizon.transaction(at: .seconds(330)) == 20)
        horizon.note(40, at: .seconds(330))
        #expect(horizon.transaction(at: .seconds(500)) == 30)
    }

    /// Nothing was noted while the server was frozen.
    @Test func aPauseIsLookedFor() {
        var horizon = FactHorizon()
        horizon.note(10, at: .zero)
        horizon.note(20, at: .seconds(30))
        horizon.note(90, at: .seconds(4000))
        #expect(horizon.transaction(at: .seconds(4001)) == 20)
    }

    @Test func aDatabaseThatWentBackBeginsAnew() {
        var horizon = FactHorizon()
        horizon.note(10, at: .zero)
        horizon.note(5, at: .seconds(400))
        #expect(horizon.transaction(at: .seconds(400)) == 5)
    }
}
