/// How many sessions a server that stops closes in each tick: as many in one as in another. Pure.
struct DrainPace {
    static let tick: Duration = .milliseconds(100)

    private let sessions: Int
    private let ticks: Int
    private var done = 0

    init(sessions: Int, over duration: Duration, maxPerSecond: Int) {
        self.sessions = sessions
        let perTick = max(1, Int(Double(maxPerSecond) * (Self.tick / .seconds(1))))
        let needed = (sessions + perTick - 1) / perTick
        ticks = sessions == 0 ? 0 : max(Int((duration / Self.tick).rounded(.up)), needed)
    }

    /// nil when all were counted.
    mutating func next() -> Int? {
        guard done < ticks else { return nil }
        defer { done += 1 }
        return sessions * (done + 1) / ticks - sessions * done / ticks
    }
}
