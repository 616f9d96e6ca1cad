/// How long to wait before connecting again. It doubles from 50 ms to 2 s. Each is shortened at random by up to a half, so
/// that many servers do not come back at the same instant.
struct ReconnectPause: Sendable {
    private var failures = 0

    /// - Parameter jitter: A random number from 0 to 1.
    mutating func next(jitter: Double) -> Duration {
        let full = min(Duration.milliseconds(50) * (1 << min(failures, 6)), .seconds(2))
        failures += 1
        return full * (1 - jitter / 2)
    }

    /// The connection was good.
    mutating func reset() { failures = 0 }
}
