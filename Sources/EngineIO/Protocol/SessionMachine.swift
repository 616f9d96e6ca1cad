import NIOCore

/// The rules of one Engine.IO session (protocol revision 4), without I/O. Requests, packets and the time go in, actions
/// come out.
struct SessionMachine {
    struct Timing: Equatable {
        var pingInterval: TimeAmount
        var pingTimeout: TimeAmount
        var closeTimeout: TimeAmount
        /// How long after the client's probe a waiting poll is released. The reference server checks every 100 ms.
        /// There, a client that upgrades without waiting has its poll refused, not answered.
        var pollReleaseDelay: TimeAmount = .milliseconds(20)
    }

    enum Transport: Equatable { case polling, websocket }

    private enum Phase: Equatable {
        case open
        /// The server closed the session. The client's next poll is told so, until the deadline.
        case closing(until: NIODeadline)
        /// The client closed the session. A poll that it sent at the same time on another connection may still come,
        /// until the deadline.
        case left(until: NIODeadline)
        case closed
    }

    private enum Upgrade: Equatable {
        case none
        /// A WebSocket is connected and has not sent its probe.
        case attached
        case probed
        /// A session is upgraded at most once.
        case finished
    }

    private enum Poll: Equatable {
        case none
        /// - Parameter duringUpgrade: The poll came after the WebSocket.
        case waiting(duringUpgrade: Bool, releaseAt: NIODeadline?)
    }

    private let timing: Timing
    private let maxPacketsPerPoll: Int
    private(set) var transport: Transport
    private var phase = Phase.open
    private var upgrade = Upgrade.none
    private var heartbeat: Heartbeat
    private var poll = Poll.none
    private var queue: PollingQueue

    init(transport: Transport, timing: Timing, configuration: EngineConfiguration, now: NIODeadline) {
        self.transport = transport
        self.timing = timing
        maxPacketsPerPoll = configuration.maxPacketsPerPoll
        queue = PollingQueue(configuration)
        heartbeat = Heartbeat(interval: timing.pingInterval, timeout: timing.pingTimeout, now: now)
    }

    var isOpen: Bool { phase == .open }

    // MARK: Sending

    enum SendAction: Equatable {
        /// Write it to the WebSocket.
        case write
        /// The packet was queued. Call `flush` at the end of this tick.
        case queued
        /// Too much is queued. End the session as slow.
        case overflow
        case drop
    }

    /// Whether `send` would say `.write`.
    var writesAtOnce: Bool { phase == .open && transport == .websocket }

    mutating func send(_ packet: EncodedPacket) -> SendAction {
        guard phase == .open else { return .drop }
        if transport == .websocket { return .write }
        return queue.append(packet) ? .queued : .overflow
    }

    /// A poll is answered with this many bytes. The kernel has none of them yet.
    mutating func answering(_ bytes: Int) { queue.answering(bytes) }

    /// The kernel has taken them.
    mutating func answered(_ bytes: Int) { queue.answered(bytes) }

    /// - Returns: The packets that answer the waiting poll, or nil if there is nothing to answer.
    mutating func flush() -> [EncodedPacket]? {
        guard case .waiting = poll, !queue.isEmpty else { return nil }
        poll = .none
        return queue.take()
    }

    // MARK: Polls

    enum PollAction {
        /// Keep the request until there is something to send.
        case hold
        case respond([EncodedPacket])
        /// Answer. The session has ended.
        case respondAndEnd([EncodedPacket])
        case refuse(RequestError)
        /// Another poll waits. Answer that one with the close packet, refuse this one, and end the session.
        case overlap
        case expired
    }

    mutating func receivedPoll(now: NIODeadline) -> PollAction {
        switch phase {
        case .closed: return .refuse(.unknownSession)
        case .closing:
            let packets = queue.take()
            guard queue.isEmpty, packets.count < maxPacketsPerPoll else { return .respond(packets) }
            phase = .closed
            return .respondAndEnd(packets + [.close])
        case .left:
            let packets = queue.take()
            phase = .closed
            return .respondAndEnd(packets.isEmpty ? [.noop] : packets)
        case .open: break
        }
        if isExpired(at: now) { return .expired }
        guard transport == .polling else { return .refuse(.badRequest) }
        guard poll == .none else { return .overlap }
        if !queue.isEmpty { return .respond(queue.take()) }
        poll = .waiting(
            duringUpgrade: upgrade == .attached || upgrade == .probed,
            releaseAt: upgrade == .probed ? now + timing.pollReleaseDelay : nil
        )
        return .hold
    }

    enum PostAction: Equatable {
        case accept
        case refuse(RequestError)
        case expired
    }

    mutating func receivedPost(now: NIODeadline) -> PostAction {
        guard phase == .open else { return .refuse(.unknownSession) }
        if isExpired(at: now) { return .expired }
        return transport == .polling ? .accept : .refuse(.badRequest)
    }

    // MARK: Packets

    enum PacketAction: Equatable {
        case deliver(EngineMessage)
        case ignore
        /// The client closed the session, which has ended.
        case closedByClient
        /// The client closed the session, which ends with its last poll or after a time.
        case leftByClient
        case fail(CloseReason)
    }

    mutating func received(_ packet: Packet, now: NIODeadline) -> PacketAction {
        guard phase == .open else { return .ignore }
        if isExpired(at: now) { return .fail(.pingTimeout) }
        switch packet {
        case .message(let message): return .deliver(message)
        case .pong:
            heartbeat.receivedPong(at: now)
            return .ignore
        case .close:
            // The client's requests are on several connections and can overtake each other.
            guard transport == .polling, poll == .none else { return .closedByClient }
            phase = .left(until: now + timing.closeTimeout)
            return .leftByClient
        // Since revision 4 only the server pings.
        case .ping: return .fail(.transportError)
        case .open, .upgrade, .noop: return .ignore
        }
    }

    // MARK: The upgrade

    /// - Returns: Whether the WebSocket may try to replace polling. If not, close it.
    mutating func attachWebSocket(now: NIODeadline) -> Bool {
        guard phase == .open, transport == .polling, upgrade == .none, !isExpired(at: now) else {
            return false
        }
        upgrade = .attached
        return true
    }

    enum UpgradeAction {
        case sendProbe
        /// The WebSocket is now the transport. Write these packets to it, and answer the waiting poll if there is one.
        case complete([EncodedPacket], poll: PollRelease?)
        /// The packet is not part of an upgrade. Close the WebSocket; polling continues.
        case abort
    }

    enum PollRelease: Equatable {
        /// A poll that waited before the upgrade began gets a noop.
        case noop
        /// A poll that came during the upgrade is refused.
        case refuse
    }

    mutating func receivedOnUpgrade(_ packet: Packet, now: NIODeadline) -> UpgradeAction {
        guard phase == .open else { return .abort }
        switch packet {
        case .ping(let payload) where payload == ByteBuffer(string: "probe"):
            upgrade = .probed
            if case .waiting(let duringUpgrade, _) = self.poll {
                self.poll = .waiting(duringUpgrade: duringUpgrade, releaseAt: now + timing.pollReleaseDelay)
            }
            return .sendProbe
        // Some clients send no probe, and the reference server does not require one.
        case .upgrade:
            upgrade = .finished
            transport = .websocket
            var release: PollRelease?
            if case .waiting(let duringUpgrade, _) = self.poll { release = duringUpgrade ? .refuse : .noop }
            self.poll = .none
            return .complete(queue.takeAll(), poll: release)
        default:
            upgradeFailed()
            return .abort
        }
    }

    /// The WebSocket closed or took too long before it replaced polling. The client may try again.
    mutating func upgradeFailed() {
        if upgrade != .finished { upgrade = .none }
    }

    // MARK: Time

    enum TimerAction: Equatable {
        case sendPing
        case releasePoll
        case expire
        /// The client did not fetch its last answer.
        case drop
        case wait
    }

    /// When to call `timerFired` next.
    var nextDeadline: NIODeadline? {
        switch phase {
        case .closed: return nil
        case .closing(let deadline), .left(let deadline): return deadline
        case .open: break
        }
        if case .waiting(_, let release?) = self.poll { return min(release, heartbeat.deadline) }
        return heartbeat.deadline
    }

    mutating func timerFired(now: NIODeadline) -> TimerAction {
        switch phase {
        case .closed: return .wait
        case .closing(let deadline), .left(let deadline): return deadline <= now ? .drop : .wait
        case .open: break
        }
        if isExpired(at: now) { return .expire }
        if case .waiting(_, let release?) = self.poll, release <= now {
            self.poll = .none
            return .releasePoll
        }
        return heartbeat.pings(at: now) ? .sendPing : .wait
    }

    private func isExpired(at now: NIODeadline) -> Bool { heartbeat.isExpired(at: now) }

    // MARK: Closing

    enum CloseAction {
        case alreadyClosed
        case closeWebSocket
        /// Answer the waiting poll with these packets. The last one is the close packet.
        case respondPoll([EncodedPacket])
        /// Nothing can be sent before the client polls again.
        case awaitPoll
    }

    /// The server closes the session.
    mutating func close(now: NIODeadline) -> CloseAction {
        guard phase == .open else { return .alreadyClosed }
        guard transport == .polling else {
            phase = .closed
            return .closeWebSocket
        }
        guard case .waiting = poll else {
            phase = .closing(until: now + timing.closeTimeout)
            return .awaitPoll
        }
        poll = .none
        phase = .closed
        return .respondPoll(queue.take().prefix(maxPacketsPerPoll - 1) + [.close])
    }

    /// Ends the session at once, because of the client, an error or a timeout.
    ///
    /// - Returns: Whether a poll waits for an answer.
    mutating func end() -> Bool {
        let waits = poll != .none
        poll = .none
        phase = .closed
        queue.removeAll()
        return waits
    }
}
