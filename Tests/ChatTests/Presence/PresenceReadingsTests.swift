import Testing

@testable import Chat

@Suite struct PresenceReadingsTests {
    @Test func theFirstReadingIsDueAtOnce() {
        var readings = PresenceReadings()
        #expect(readings.isDue(isAlone: true, at: .zero))
        readings.begin(at: .zero, random: 0)
        #expect(!readings.isDue(isAlone: true, at: .seconds(100)))
    }

    /// A bus that loses every other frame raises doubt all the time.
    @Test func lastingDoubtReadsEveryFewSeconds() {
        for random in [0.0, 0.5, 1] {
            var readings = PresenceReadings()
            var times: [Duration] = []
            for step in 0..<400 {
                let now: Duration = .milliseconds(250) * step
                readings.doubt()
                guard readings.isDue(isAlone: false, at: now) else { continue }
                readings.begin(at: now, random: random)
                times.append(now)
            }
            let gaps = zip(times.dropFirst(), times).map { $0 - $1 }
            #expect(gaps.allSatisfy { $0 >= .seconds(2) && $0 <= .seconds(3) })
            #expect(gaps.count >= 32)
        }
    }

    @Test func doubtAfterARestIsFollowedAtOnce() {
        var readings = PresenceReadings()
        readings.begin(at: .zero, random: 1)
        #expect(!readings.isDue(isAlone: false, at: .seconds(29)))
        readings.doubt()
        #expect(readings.isDue(isAlone: false, at: .seconds(29)))
        readings.begin(at: .seconds(29), random: 1)
        #expect(!readings.isDoubtful && readings.isDue(isAlone: false, at: .seconds(59)))
    }
}
