/// How long to wait before connecting again: doubling from 100 ms to 2 s, each shortened by up to a half at random, so
/// that the connections of many servers do not all come back in the same instant.
enum Backoff {
    static func delay(afterFailures failures: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        let doublings = min(max(0, failures), 5)
        let full = min(Duration.milliseconds(100) * (1 << doublings), .seconds(2))
        return full * Double.random(in: 0.5...1, using: &generator)
    }
}
