import Testing

@testable import EngineIO

@Suite struct DrainPaceTests {
    private func counts(_ sessions: Int, _ seconds: Int, maxPerSecond: Int = 1000) -> [Int] {
        var pace = DrainPace(sessions: sessions, over: .seconds(seconds), maxPerSecond: maxPerSecond)
        return Array(sequence(state: ()) { _ in pace.next() })
    }

    @Test func sessionsAreClosedEvenly() {
        let counts = counts(1001, 20)
        #expect(counts.count == 200 && counts.reduce(0, +) == 1001)
        #expect(Set(counts) == [5, 6])
    }

    @Test func tooManyTakeLonger() {
        let counts = counts(30_050, 20)
        #expect(counts.count == 301 && counts.reduce(0, +) == 30_050 && counts.allSatisfy { $0 <= 100 })
    }

    @Test func fewAreSpreadToo() {
        #expect(counts(2, 1) == [0, 0, 0, 0, 1, 0, 0, 0, 0, 1])
        #expect(counts(1, 0) == [1])
        #expect(counts(0, 20) == [])
    }
}
