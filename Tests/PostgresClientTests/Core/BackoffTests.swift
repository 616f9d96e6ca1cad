import Testing

@testable import PostgresClient

@Suite struct BackoffTests {
    @Test func backoffGrowsToTwoSecondsWithJitter() {
        let full = (0..<8).map { Backoff.delay(afterFailures: $0, jitter: 0) }
        #expect(full == [100, 200, 400, 800, 1600, 2000, 2000, 2000].map { .milliseconds($0) })
        #expect(Backoff.delay(afterFailures: 0, jitter: 1) == .milliseconds(50))
        #expect(Backoff.delay(afterFailures: .max, jitter: 0.5) == .milliseconds(1500))
    }
}
