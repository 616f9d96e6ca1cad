/// How long to wait before connecting again: doubling from 100 ms to 2 s, each shortened by up to a half at random, so
/// that the connections of many servers do not all come back in the same instant.
enum Backoff {
    /// - Parameter jitter: a random number from 0 to 1.
    static func delay(afterFailures failures: Int, jitter: Double) -> Duration {
        let doublings = min(max(0, failures), 5)
        let full = min(Duration.milliseconds(100) * (1 << doublings), .seconds(2))
        return full * (1 - jitter / 2)
    }
}
