/// Whether events reach the others. A connection that is up is not enough: what we send has to come back to us as well.
/// A pure machine; times are counted from any fixed moment.
struct BusHealth: Sendable {
    private var isConnected = false
    private var lastSent: Duration?
    private var lastEcho: Duration?

    /// How often a frame is sent when there is none.
    static let interval: Duration = .seconds(1)
    /// How long none of ours may come back.
    static let patience: Duration = .seconds(3)

    mutating func note(isConnected: Bool, at now: Duration) {
        if isConnected, !self.isConnected { lastEcho = nil }
        self.isConnected = isConnected
    }

    mutating func noteSent(at now: Duration) { lastSent = now }

    mutating func noteEcho(at now: Duration) { lastEcho = now }

    /// Whether a sign of life is to be sent.
    func isDue(at now: Duration) -> Bool {
        guard isConnected, let lastSent, lastEcho != nil else { return isConnected }
        return now - lastSent >= Self.interval
    }

    /// Until the first frame has come back, the bus is down.
    func isUp(at now: Duration) -> Bool {
        guard isConnected, let lastEcho else { return false }
        return now - lastEcho < Self.patience
    }
}
