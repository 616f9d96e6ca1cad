import Testing

@testable import ParleyServer

@Suite struct TokenBucketTests {
    private let rate = TokenBucket.Rate(burst: 10, perSecond: 2)
    private let start = ContinuousClock.now

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test func aBurstIsFreeAndThenTokensComeAtTheRate() {
        var bucket = TokenBucket(rate, now: start)
        for _ in 0..<10 { #expect(bucket.take(rate, now: start) == nil) }
        #expect(bucket.take(rate, now: start) == 0.5)
        #expect(bucket.take(rate, now: at(0.5)) == nil)
        #expect(bucket.take(rate, now: at(0.5)) == 0.5)
    }

    @Test func aFullBucketDoesNotGrow() {
        var bucket = TokenBucket(rate, now: start)
        for _ in 0..<10 { #expect(bucket.take(rate, now: at(3600)) == nil) }
        #expect(bucket.take(rate, now: at(3600)) == 0.5)
    }

    @Test func aHigherCostTakesMoreTokens() {
        var bucket = TokenBucket(rate, now: start)
        #expect(bucket.take(rate, cost: 7, now: start) == nil)
        #expect(bucket.take(rate, cost: 5, now: start) == 1)
        #expect(bucket.take(rate, cost: 5, now: at(1)) == nil)
    }

    /// Otherwise it could never be paid.
    @Test func aCostBeyondTheBurstTakesTheWholeBurst() {
        var bucket = TokenBucket(rate, now: start)
        #expect(bucket.take(rate, cost: 1000, now: start) == nil)
        #expect(bucket.take(rate, cost: 1000, now: at(4)) == 1)
        #expect(bucket.take(rate, cost: 1000, now: at(5)) == nil)
    }

    @Test func aRefusalAndAQuestionTakeNothing() {
        var bucket = TokenBucket(rate, now: start)
        #expect(bucket.take(rate, cost: 9, now: start) == nil)
        for _ in 0..<3 {
            #expect(bucket.take(rate, cost: 2, now: start) == 0.5)
            #expect(bucket.wait(rate, now: start) == nil)
        }
        #expect(bucket.take(rate, now: start) == nil)
    }

    @Test func aTokenCanBeGivenBackButNotBeyondTheBurst() {
        var bucket = TokenBucket(rate, now: start)
        bucket.giveBack(rate, now: start)
        for _ in 0..<10 { #expect(bucket.take(rate, now: start) == nil) }
        bucket.giveBack(rate, now: start)
        #expect(bucket.take(rate, now: start) == nil)
        #expect(bucket.take(rate, now: start) == 0.5)
    }

    @Test func aClockThatGoesBackTakesNothingAway() {
        var bucket = TokenBucket(rate, now: at(10))
        #expect(bucket.take(rate, now: start) == nil)
        for _ in 0..<9 { #expect(bucket.take(rate, now: start) == nil) }
        #expect(bucket.take(rate, now: start) == 0.5)
    }
}
