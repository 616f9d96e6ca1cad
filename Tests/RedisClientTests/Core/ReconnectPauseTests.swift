import Testing

@testable import RedisClient

@Suite struct ReconnectPauseTests {
    @Test func itDoublesUpToTwoSeconds() {
        var pause = ReconnectPause()
        let pauses = (0..<8).map { _ in pause.next(jitter: 0) }
        #expect(pauses.prefix(3) == [.milliseconds(50), .milliseconds(100), .milliseconds(200)])
        #expect(pauses.suffix(2) == [.seconds(2), .seconds(2)])
        pause.reset()
        #expect(pause.next(jitter: 1) == .milliseconds(25))
    }

    @Test func yearsWithoutRedisAreFine() {
        var pause = ReconnectPause()
        for _ in 0..<1000 { _ = pause.next(jitter: 0.5) }
        #expect(pause.next(jitter: 0) == .seconds(2))
    }
}
