/// A token bucket: a burst may be spent at once, and comes back at a steady rate. A pure value; time is passed in.
struct TokenBucket: Equatable {
    /// How much may be spent at once, and how much comes back in a second.
    struct Rate: Equatable, Sendable {
        var burst: Double
        var perSecond: Double
    }

    private var tokens: Double
    private var updated: ContinuousClock.Instant

    init(_ rate: Rate, now: ContinuousClock.Instant) {
        tokens = rate.burst
        updated = now
    }

    /// Takes one token.
    /// - Returns: nil, or how many seconds there will be none; nothing was taken then.
    mutating func take(_ rate: Rate, now: ContinuousClock.Instant) -> Double? {
        if let wait = wait(rate, now: now) { return wait }
        tokens -= 1
        return nil
    }

    /// How many seconds there will be no token; nil where there is one.
    mutating func wait(_ rate: Rate, now: ContinuousClock.Instant) -> Double? {
        refill(rate, now: now)
        return tokens >= 1 ? nil : (1 - tokens) / rate.perSecond
    }

    /// Gives back a token that was taken for something that turned out not to count.
    mutating func giveBack(_ rate: Rate, now: ContinuousClock.Instant) {
        refill(rate, now: now)
        tokens = min(rate.burst, tokens + 1)
    }

    private mutating func refill(_ rate: Rate, now: ContinuousClock.Instant) {
        let elapsed = (now - updated) / .seconds(1)
        tokens = min(rate.burst, tokens + max(0, elapsed) * rate.perSecond)
        updated = now
    }
}
