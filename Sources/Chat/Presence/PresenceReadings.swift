/// When a server reads who is connected to the others: at the start, when there is doubt, and now and then. A bus that loses
/// much raises doubt many times a second, and the database has other work: readings are some seconds apart, and those of the
/// servers fall apart.
///
/// A pure machine; times are counted from any fixed moment.
struct PresenceReadings {
    /// How far apart they are, and by how much more at most.
    static let gap: Duration = .seconds(2)
    static let jitter: Duration = .seconds(1)
    /// How often it is read without doubt.
    static let period: Duration = .seconds(30)

    private(set) var isDoubtful = true
    private var last: Duration?
    private var gap = Self.gap

    mutating func doubt() { isDoubtful = true }

    /// - Parameter isAlone: Whether there is no other server.
    func isDue(isAlone: Bool, at now: Duration) -> Bool {
        guard let last else { return isDoubtful }
        return isDoubtful && now - last >= gap || !isAlone && now - last >= Self.period
    }

    /// - Parameter random: From 0 to 1.
    mutating func begin(at now: Duration, random: Double) {
        isDoubtful = false
        last = now
        gap = Self.gap + Self.jitter * random
    }
}
