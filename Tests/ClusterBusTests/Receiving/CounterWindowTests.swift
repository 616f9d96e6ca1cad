import Testing

@testable import ClusterBus

@Suite struct CounterWindowTests {
    @Test func toAskWhetherSomethingCameChangesNothing() {
        var window = CounterWindow(first: 100)
        _ = window.note(102)
        for _ in 1...2 {
            #expect([37, 100, 101, 102, 103].map { window.hasSeen($0) } == [true, true, false, true, false])
        }
        #expect(window.note(101) == .late && window.hasSeen(101))
    }

    @Test func eachNumberIsNewOnce() {
        var window = CounterWindow(first: 10)
        #expect(window.note(10) == .seen)
        #expect(window.note(11) == .next(skipped: 0))
        #expect(window.note(14) == .next(skipped: 2))
        #expect(window.note(12) == .late)
        #expect(window.note(12) == .seen)
        #expect(window.note(9) == .late)
    }

    @Test func whatIsOldCountsAsSeen() {
        var window = CounterWindow(first: 100)
        #expect(window.note(200) == .next(skipped: 99))
        #expect(window.note(137) == .late)
        #expect(window.note(136) == .seen)
        #expect(window.note(1) == .seen)
    }

    @Test func numbersMayJump() {
        var window = CounterWindow(first: 0)
        #expect(window.note(.max) == .next(skipped: Int.max))
        #expect(window.note(.max) == .seen)
        #expect(window.note(0) == .seen)
    }

    @Test func itAgreesWithASet() {
        var random = SeededGenerator(seed: 5)
        var window = CounterWindow(first: 1000)
        var (seen, highest): (Set<UInt64>, UInt64) = ([1000], 1000)
        for _ in 0..<20_000 {
            let number = UInt64(Int(highest) + Int.random(in: -63...5, using: &random))
            let isNew = window.note(number) != .seen
            #expect(isNew == !seen.contains(number))
            seen.insert(number)
            highest = max(highest, number)
        }
    }
}
