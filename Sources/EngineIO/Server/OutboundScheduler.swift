import NIOCore
import Synchronization

/// Batches the writes of the sessions on one event loop: sessions write during a tick, and its end flushes them.
///
/// The system call is the most expensive step of sending a message. So frames that are sent to one connection within
/// one tick leave in one call.
///
/// `@unchecked Sendable`: its state is touched on its event loop only.
final class OutboundScheduler: @unchecked Sendable {
    let eventLoop: any EventLoop
    let executor: EventLoopExecutor
    private let metrics: EngineMetrics
    private var dirty: [EngineSession] = []
    private var isFlushScheduled = false
    /// Sessions whose frames are all of broadcasts. They may wait briefly for more.
    private var gathering: [EngineSession] = []
    private var isGatheringScheduled = false
    /// The time until which broadcasts wait for more.
    private var gatheringEnds = NIODeadline.uptimeNanoseconds(0)
    private var deliveries = 0
    /// Packets for WebSockets on other event loops, one task for each loop.
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
    /// Many messages to many connections would cost one system call each. So after a large flush, the next one waits
    /// four times as long as that flush took, and collects messages meanwhile. A message after a quiet moment does not
    /// wait.
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
        // Added once a tick, because all event loops share the atomic counter.
        metrics.add(deliveries: self.deliveries)
        self.deliveries = 0
    }

    /// Sends packets to a WebSocket that may be on another event loop, and flushes it.
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

    /// Runs `body` with a WebSocket once everything relayed to it has arrived.
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
