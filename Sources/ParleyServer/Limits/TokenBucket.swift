/// A token bucket: a burst may be spent at once, and tokens come back at a steady rate. A pure value: time is passed
/// in.
struct TokenBucket: Equatable {
    /// How many tokens may be spent at once, and how many come back in a second.
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

    /// Takes tokens.
    /// - Parameter cost: How many; what costs more than the whole burst takes all of it.
    /// - Returns: nil, or how many seconds there will not be so many; nothing was taken then.
    mutating func take(_ rate: Rate, cost: Double = 1, now: ContinuousClock.Instant) -> Double? {
        if let wait = wait(rate, cost: cost, now: now) { return wait }
        tokens -= min(cost, rate.burst)
        return nil
    }

    /// How many seconds to wait until there are so many tokens; nil where there are.
    mutating func wait(_ rate: Rate, cost: Double = 1, now: ContinuousClock.Instant) -> Double? {
        refill(rate, now: now)
        let cost = min(cost, rate.burst)
        return tokens >= cost ? nil : (cost - tokens) / rate.perSecond
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
