/// How long to wait before connecting again. The delay doubles from 100 ms to 2 s. Each is shortened at random by up to
/// a half, so many servers do not reconnect at the same instant.
enum Backoff {
    /// - Parameter jitter: A random number from 0 to 1.
    static func delay(afterFailures failures: Int, jitter: Double) -> Duration {
        let doublings = min(max(0, failures), 5)
        let full = min(Duration.milliseconds(100) * (1 << doublings), .seconds(2))
        return full * (1 - jitter / 2)
    }
}
