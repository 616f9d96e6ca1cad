import Atomics

/// Counters of an Engine.IO server since its start.
public final class EngineMetrics: Sendable {
    private let opened = ManagedAtomic(0)
    private let closed = ManagedAtomic(0)
    private let slow = ManagedAtomic(0)
    private let delivered = ManagedAtomic(0)
    private let upgrades = ManagedAtomic(0)
    private let refused = ManagedAtomic(0)

    init() {}

    public var sessionsOpened: Int { self.opened.load(ordering: .relaxed) }
    public var sessionsClosed: Int { self.closed.load(ordering: .relaxed) }
    /// Sessions that are open now.
    public var sessions: Int { max(0, self.sessionsOpened - self.sessionsClosed) }
    /// Sessions that were ended because the client did not read.
    public var slowConsumers: Int { self.slow.load(ordering: .relaxed) }
    /// Packets handed to connections, one for each receiver.
    public var deliveries: Int { self.delivered.load(ordering: .relaxed) }
    /// Sessions that went from polling to WebSocket.
    public var transportUpgrades: Int { self.upgrades.load(ordering: .relaxed) }
    /// Handshakes and requests that were answered with an error.
    public var refusedRequests: Int { self.refused.load(ordering: .relaxed) }

    func add(deliveries count: Int) { self.delivered.wrappingIncrement(by: count, ordering: .relaxed) }
    func sessionOpened() { self.opened.wrappingIncrement(ordering: .relaxed) }
    func transportUpgraded() { self.upgrades.wrappingIncrement(ordering: .relaxed) }
    func requestRefused() { self.refused.wrappingIncrement(ordering: .relaxed) }

    func sessionClosed(_ reason: CloseReason) {
        self.closed.wrappingIncrement(ordering: .relaxed)
        if reason == .slowConsumer { self.slow.wrappingIncrement(ordering: .relaxed) }
    }
}
