import Synchronization

/// Counters of an Engine.IO server since its start.
public final class EngineMetrics: Sendable {
    private let opened = Atomic(0)
    private let closed = Atomic(0)
    private let slow = Atomic(0)
    private let delivered = Atomic(0)
    private let upgrades = Atomic(0)
    private let refused = Atomic(0)

    init() {}

    public var sessionsOpened: Int { opened.load(ordering: .relaxed) }
    public var sessionsClosed: Int { closed.load(ordering: .relaxed) }
    /// Sessions that are open now.
    public var sessions: Int { max(0, sessionsOpened - sessionsClosed) }
    /// Sessions that ended because the client did not read.
    public var slowConsumers: Int { slow.load(ordering: .relaxed) }
    /// Packets handed to connections, one for each receiver.
    public var deliveries: Int { delivered.load(ordering: .relaxed) }
    /// Sessions that went from polling to WebSocket.
    public var transportUpgrades: Int { upgrades.load(ordering: .relaxed) }
    /// Handshakes and requests that were answered with an error.
    public var refusedRequests: Int { refused.load(ordering: .relaxed) }

    func add(deliveries count: Int) { delivered.wrappingAdd(count, ordering: .relaxed) }
    func sessionOpened() { opened.wrappingAdd(1, ordering: .relaxed) }
    func transportUpgraded() { upgrades.wrappingAdd(1, ordering: .relaxed) }
    func requestRefused() { refused.wrappingAdd(1, ordering: .relaxed) }

    func sessionClosed(_ reason: CloseReason) {
        closed.wrappingAdd(1, ordering: .relaxed)
        if reason == .slowConsumer { slow.wrappingAdd(1, ordering: .relaxed) }
    }
}
