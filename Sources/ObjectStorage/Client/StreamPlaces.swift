/// How many answers of the store may be open at once while somebody takes their bytes. Each holds a connection, and the others
/// are for everything else. Pure: the time is passed in.
struct StreamPlaces {
    typealias ID = Int

    let max: Int
    /// After as long without a byte, a connection has been closed, and its place is free: whoever stands still takes none.
    let maxSilence: Duration
    private var taken: [ID: ContinuousClock.Instant] = [:]
    private var last: ID = 0

    init(max: Int, maxSilence: Duration) {
        self.max = max
        self.maxSilence = maxSilence
    }

    /// - Returns: nil while there is none.
    mutating func enter(at now: ContinuousClock.Instant) -> ID? {
        if taken.count >= max { taken = taken.filter { now - $0.value <= maxSilence } }
        guard taken.count < max else { return nil }
        last += 1
        taken[last] = now
        return last
    }

    /// Bytes were taken.
    mutating func use(_ id: ID, at now: ContinuousClock.Instant) {
        if taken[id] != nil { taken[id] = now }
    }

    /// May be repeated.
    mutating func leave(_ id: ID) { taken[id] = nil }

    var count: Int { taken.count }
}
