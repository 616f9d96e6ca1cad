import NIOCore
import Synchronization

/// What the sessions of one event loop share: they write during a tick and are flushed together at its end.
///
/// A `write` to a socket costs more than anything else on the way of a message, so frames that are sent within one
/// tick, to the same connection, leave in one system call.
///
/// `@unchecked Sendable`: its state is touched on its event loop only.
final class OutboundScheduler: @unchecked Sendable {
    let eventLoop: any EventLoop
    let executor: EventLoopExecutor
    private let metrics: EngineMetrics
    private var dirty: [EngineSession] = []
    private var isFlushScheduled = false
    /// Sessions with frames of broadcasts only, which may wait a little for more.
    private var gathering: [EngineSession] = []
    private var isGatheringScheduled = false
    /// Until when broadcasts wait for each other.
    private var gatheringEnds = NIODeadline.uptimeNanoseconds(0)
    private var deliveries = 0
    /// Packets for WebSockets on other event loops: one task takes them to each.
    private var relays: [ObjectIdentifier: Relay] = [:]

    private struct Relay {
        var eventLoop: any EventLoop
        var packets: [(WebSocketConnection, [EncodedPacket])] = []
    }

    init(eventLoop: any EventLoop, metrics: EngineMetrics) {
        self.eventLoop = eventLoop
        executor = EventLoopExecutor(eventLoop)
        self.metrics = metrics
    }

    func countDeliveries(_ count: Int) {
        deliveries &+= count
    }

    /// Flushes the session after what is already queued on the event loop.
    func scheduleFlush(_ session: EngineSession) {
        eventLoop.assertInEventLoop()
        dirty.append(session)
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.execute { self.flush() }
    }

    /// Flushes the session soon, together with the others that the broadcast goes to.
    ///
    /// A stream of messages to many connections costs a system call for each, unless several leave in one: so after a
    /// large flush, the next one waits for four times the time that took, and collects what comes meanwhile. A message after
    /// a moment of quiet waits for nothing.
    func gather(_ session: EngineSession) {
        eventLoop.assertInEventLoop()
        gathering.append(session)
        guard !isGatheringScheduled else { return }
        isGatheringScheduled = true
        if eventLoop.now < gatheringEnds {
            eventLoop.scheduleTask(deadline: gatheringEnds) { self.flushGathered() }
        } else {
            eventLoop.execute { self.flushGathered() }
        }
    }

    private static let fewSessions = 32
    private static let longestGathering = TimeAmount.milliseconds(10)

    private func flushGathered() {
        isGatheringScheduled = false
        let begin = NIODeadline.now()
        var sessions: [EngineSession] = []
        swap(&sessions, &gathering)
        for session in sessions { session.flush() }
        if sessions.count > Self.fewSessions {
            let end = NIODeadline.now()
            gatheringEnds = end + min((end - begin) * 4, Self.longestGathering)
        }
        reportDeliveries()
        if gathering.isEmpty {
            sessions.removeAll(keepingCapacity: true)
            gathering = sessions
        }
    }

    private func reportDeliveries() {
        // Counted once a tick: an atomic addition for each delivery would be shared by all event loops.
        metrics.add(deliveries: self.deliveries)
        self.deliveries = 0
    }

    /// Takes packets to a WebSocket that may be on another event loop, and flushes it.
    func relay(_ packets: [EncodedPacket], to connection: WebSocketConnection) {
        self.eventLoop.assertInEventLoop()
        guard connection.eventLoop !== self.eventLoop else {
            for packet in packets { connection.write(packet) }
            return connection.flush()
        }
        connection.pendingRemoteBytes.wrappingAdd(packets.reduce(0) { $0 + $1.size }, ordering: .relaxed)
        let target = ObjectIdentifier(connection.eventLoop)
        if relays.isEmpty { self.eventLoop.execute { self.sendRelays() } }
        relays[target, default: Relay(eventLoop: connection.eventLoop)].packets.append((connection, packets))
    }

    /// Does something to a WebSocket once it has all that was relayed to it.
    func afterRelays(to connection: WebSocketConnection, _ body: @escaping @Sendable (WebSocketConnection) -> Void) {
        eventLoop.execute {
            if connection.eventLoop === self.eventLoop {
                body(connection)
            } else {
                connection.eventLoop.execute { body(connection) }
            }
        }
    }

    private func sendRelays() {
        for relay in relays.values {
            let packets = relay.packets
            relay.eventLoop.execute {
                for (connection, packets) in packets { connection.receiveRelayed(packets) }
            }
        }
        relays.removeAll(keepingCapacity: true)
    }

    private func flush() {
        isFlushScheduled = false
        reportDeliveries()
        var sessions: [EngineSession] = []
        swap(&sessions, &dirty)
        for session in sessions {
            session.flush()
        }
        // Keep the array's storage for the next tick.
        if dirty.isEmpty {
            sessions.removeAll(keepingCapacity: true)
            dirty = sessions
        }
    }
}
