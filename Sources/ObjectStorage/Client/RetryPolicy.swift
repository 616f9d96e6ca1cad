/// How often a request is tried, and how long it waits in between. Pure: the random number is passed in.
public struct RetryPolicy: Sendable {
    var attempts: Int

    /// For requests that may be repeated: each key is written once, so a repetition writes the same.
    static let repeated = RetryPolicy(attempts: 3)

    /// The pause after the given number of failures, between half of it and the whole.
    /// - Parameter random: From 0 to 1.
    public static func pause(after failures: Int, random: Double) -> Duration {
        let longest = min(100 * (1 << (2 * min(failures - 1, 4))), 2000)
        return .milliseconds(Double(longest) * (0.5 + random / 2))
    }

    /// Whether a store that answers so may answer otherwise soon.
    static func isTemporary(_ status: UInt) -> Bool { [408, 429, 500, 502, 503, 504].contains(status) }
}
