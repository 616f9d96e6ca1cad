import DequeModule
import NIOCore

/// The rules of one Engine.IO session (protocol revision 4), apart from its connections: requests, packets and
/// the time go in, what is to be done comes out.
struct SessionMachine {
    struct Timing: Equatable {
        var pingInterval: TimeAmount
        var pingTimeout: TimeAmount
        var closeTimeout: TimeAmount
        /// How long after the client's probe a waiting poll is released. The reference server looks every
        /// 100 ms; a client that upgrades without waiting then finds its poll refused, not answered.
        var pollReleaseDelay: TimeAmount = .milliseconds(20)
    }

    enum Transport: Equatable { case polling, websocket }

    private enum Phase: Equatable {
        case open
        /// The server closed the session, and the client's next poll is to be told so, up to the deadline.
        case closing(until: NIODeadline)
        /// The client closed the session. A poll that it sent at the same time, on another connection, is still to come,
        /// up to the deadline.
        case left(until: NIODeadline)
        case closed
    }

    private enum Upgrade: Equatable {
        case none
        /// A WebSocket is there, and has not sent its probe.
        case attached
        case probed
        /// Done or given up: a session is upgraded once.
        case finished
    }

    private enum Heartbeat: Equatable {
        case pingDue(NIODeadline)
        case pongDue(NIODeadline)
    }

    private enum Poll: Equatable {
        case none
        /// - Parameter duringUpgrade: It came when the WebSocket was already there.
        case waiting(duringUpgrade: Bool, releaseAt: NIODeadline?)
    }

    private let timing: Timing
    private let maxPacketsPerPoll: Int
    private let maxPayload: Int
    private let maxOutboundBytes: Int
    private(set) var transport: Transport
    private var phase = Phase.open
    private var upgrade = Upgrade.none
    private var heartbeat: Heartbeat
    private var poll = Poll.none
    private var queue: Deque<EncodedPacket> = []
    private var queuedBytes = 0
    /// Of answers to polls that the client has not read.
    private var unreadBytes = 0

    init(transport: Transport, timing: Timing, configuration: EngineConfiguration, now: NIODeadline) {
        self.transport = transport
        self.timing = timing
        self.maxPacketsPerPoll = configuration.maxPacketsPerPoll
        self.maxPayload = configuration.maxPayload
        self.maxOutboundBytes = configuration.maxOutboundBytes
        self.heartbeat = .pingDue(now + timing.pingInterval)
    }

    var isOpen: Bool { self.phase == .open }

    // MARK: Sending

    enum SendAction: Equatable {
        /// Write it to the WebSocket.
        case write
        /// It was queued; `flush` at the end of this tick.
        case queued
        /// Too much is queued: end the session as slow.
        case overflow
        case drop
    }

    /// Whether `send` would say `.write`.
    var writesAtOnce: Bool { self.phase == .open && self.transport == .websocket }

    mutating func send(_ packet: EncodedPacket) -> SendAction {
        guard self.phase == .open else { return .drop }
        if self.transport == .websocket { return .write }
        // Where an answer waits to be read, the kernel's buffer is full.
        let kernelBytes = self.unreadBytes > 0 ? SendBuffers.forMessages(within: self.maxOutboundBytes).kernelBytes : 0
        guard self.queuedBytes + self.unreadBytes + kernelBytes + packet.size <= self.maxOutboundBytes else {
            return .overflow
        }
        self.queue.append(packet)
        self.queuedBytes += packet.size
        return .queued
    }

    /// A poll is answered with so many bytes, of which the kernel has none yet.
    mutating func answering(_ bytes: Int) { self.unreadBytes += bytes }

    /// The kernel has taken them.
    mutating func answered(_ bytes: Int) { self.unreadBytes -= bytes }

    /// - Returns: The packets with which to answer the waiting poll, or nil where nothing is to be answered.
    mutating func flush() -> [EncodedPacket]? {
        guard case .waiting = self.poll, !self.queue.isEmpty else { return nil }
        self.poll = .none
        return self.takeQueue()
    }

    private mutating func takeQueue() -> [EncodedPacket] {
        var packets: [EncodedPacket] = []
        var bytes = 0
        while packets.count < self.maxPacketsPerPoll, let packet = self.queue.first {
            let length = packet.pollingPacket.readableBytes + 1
            guard packets.isEmpty || bytes + length <= self.maxPayload else { break }
            bytes += length
            packets.append(packet)
            self.queue.removeFirst()
            self.queuedBytes -= packet.size
        }
        return packets
    }

    // MARK: Polls

    enum PollAction {
        /// Keep the request until there is something to say.
        case hold
        case respond([EncodedPacket])
        /// Answer, and the session has ended.
        case respondAndEnd([EncodedPacket])
        case refuse(RequestError)
        /// A poll was waiting already: tell it that the session is closed, refuse this one, end the session.
        case overlap
        case expired
    }

    mutating func receivedPoll(now: NIODeadline) -> PollAction {
        switch self.phase {
        case .closed: return .refuse(.unknownSession)
        case .closing:
            let packets = self.takeQueue()
            guard self.queue.isEmpty, packets.count < self.maxPacketsPerPoll else { return .respond(packets) }
            self.phase = .closed
            return .respondAndEnd(packets + [.close])
        case .left:
            let packets = self.takeQueue()
            self.phase = .closed
            return .respondAndEnd(packets.isEmpty ? [.noop] : packets)
        case .open: break
        }
        if self.isExpired(at: now) { return .expired }
        guard self.transport == .polling else { return .refuse(.badRequest) }
        guard self.poll == .none else { return .overlap }
        if !self.queue.isEmpty { return .respond(self.takeQueue()) }
        self.poll = .waiting(
            duringUpgrade: self.upgrade == .attached || self.upgrade == .probed,
            releaseAt: self.upgrade == .probed ? now + self.timing.pollReleaseDelay : nil
        )
        return .hold
    }

    enum PostAction: Equatable {
        case accept
        case refuse(RequestError)
        case expired
    }

    mutating func receivedPost(now: NIODeadline) -> PostAction {
        guard self.phase == .open else { return .refuse(.unknownSession) }
        if self.isExpired(at: now) { return .expired }
        return self.transport == .polling ? .accept : .refuse(.badRequest)
    }

    // MARK: Packets

    enum PacketAction: Equatable {
        case deliver(EngineMessage)
        case ignore
        /// The client closed the session: it has ended.
        case closedByClient
        /// The client closed the session, which ends once its last poll has come, or with time.
        case leftByClient
        case fail(CloseReason)
    }

    mutating func received(_ packet: Packet, now: NIODeadline) -> PacketAction {
        guard self.phase == .open else { return .ignore }
        if self.isExpired(at: now) { return .fail(.pingTimeout) }
        switch packet {
        case .message(let message): return .deliver(message)
        case .pong:
            if case .pongDue = self.heartbeat { self.heartbeat = .pingDue(now + self.timing.pingInterval) }
            return .ignore
        case .close:
            // Its requests are on several connections, whose order nobody knows.
            guard self.transport == .polling, self.poll == .none else { return .closedByClient }
            self.phase = .left(until: now + self.timing.closeTimeout)
            return .leftByClient
        // Only the server pings since revision 4.
        case .ping: return .fail(.transportError)
        case .open, .upgrade, .noop: return .ignore
        }
    }

    // MARK: The upgrade

    /// - Returns: Whether the WebSocket may try to take over. Otherwise it is to be closed.
    mutating func attachWebSocket(now: NIODeadline) -> Bool {
        guard self.phase == .open, self.transport == .polling, self.upgrade == .none, !self.isExpired(at: now) else {
            return false
        }
        self.upgrade = .attached
        return true
    }

    enum UpgradeAction {
        case sendProbe
        /// The WebSocket is the transport now: write these to it, and answer the waiting poll, if there is one.
        case complete([EncodedPacket], poll: PollRelease?)
        /// This was no part of an upgrade: close the WebSocket, polling goes on.
        case abort
    }

    enum PollRelease: Equatable {
        /// A poll that waited before the upgrade began gets a noop.
        case noop
        /// One that came while the transport changed is too late.
        case refuse
    }

    mutating func receivedOnUpgrade(_ packet: Packet, now: NIODeadline) -> UpgradeAction {
        guard self.phase == .open else { return .abort }
        switch packet {
        case .ping(let payload) where payload == ByteBuffer(string: "probe"):
            self.upgrade = .probed
            if case .waiting(let duringUpgrade, _) = self.poll {
                self.poll = .waiting(duringUpgrade: duringUpgrade, releaseAt: now + self.timing.pollReleaseDelay)
            }
            return .sendProbe
        // Some clients send no probe; the reference server does not ask for it either.
        case .upgrade:
            self.upgrade = .finished
            self.transport = .websocket
            var release: PollRelease?
            if case .waiting(let duringUpgrade, _) = self.poll { release = duringUpgrade ? .refuse : .noop }
            self.poll = .none
            let packets = Array(self.queue)
            self.queue = []
            self.queuedBytes = 0
            return .complete(packets, poll: release)
        default:
            self.upgradeFailed()
            return .abort
        }
    }

    /// The WebSocket went away, or took too long, before it took over. The client may try again.
    mutating func upgradeFailed() {
        if self.upgrade != .finished { self.upgrade = .none }
    }

    // MARK: Time

    enum TimerAction: Equatable {
        case sendPing
        case releasePoll
        case expire
        /// The client did not come for the answer that waited for it.
        case drop
        case wait
    }

    /// When `timerFired` is to be called next.
    var nextDeadline: NIODeadline? {
        switch self.phase {
        case .closed: return nil
        case .closing(let deadline), .left(let deadline): return deadline
        case .open: break
        }
        let heartbeat =
            switch self.heartbeat {
            case .pingDue(let deadline), .pongDue(let deadline): deadline
            }
        if case .waiting(_, let release?) = self.poll { return min(release, heartbeat) }
        return heartbeat
    }

    mutating func timerFired(now: NIODeadline) -> TimerAction {
        switch self.phase {
        case .closed: return .wait
        case .closing(let deadline), .left(let deadline): return deadline <= now ? .drop : .wait
        case .open: break
        }
        if self.isExpired(at: now) { return .expire }
        if case .waiting(_, let release?) = self.poll, release <= now {
            self.poll = .none
            return .releasePoll
        }
        // The pong is due when it would be if the ping had been sent on time: a session must not live longer
        // because a timer was late.
        if case .pingDue(let deadline) = self.heartbeat, deadline <= now {
            self.heartbeat = .pongDue(deadline + self.timing.pingTimeout)
            return .sendPing
        }
        return .wait
    }

    private func isExpired(at now: NIODeadline) -> Bool {
        switch self.heartbeat {
        case .pingDue(let deadline): deadline + self.timing.pingTimeout <= now
        case .pongDue(let deadline): deadline <= now
        }
    }

    // MARK: Closing

    enum CloseAction {
        case alreadyClosed
        case closeWebSocket
        /// Answer the waiting poll with these packets, the last of them the close packet.
        case respondPoll([EncodedPacket])
        /// Nothing can be said before the client polls again.
        case awaitPoll
    }

    /// The server closes the session.
    mutating func close(now: NIODeadline) -> CloseAction {
        guard self.phase == .open else { return .alreadyClosed }
        guard self.transport == .polling else {
            self.phase = .closed
            return .closeWebSocket
        }
        guard case .waiting = self.poll else {
            self.phase = .closing(until: now + self.timing.closeTimeout)
            return .awaitPoll
        }
        self.poll = .none
        self.phase = .closed
        return .respondPoll(self.takeQueue().prefix(self.maxPacketsPerPoll - 1) + [.close])
    }

    /// The session has ended without more to say, by the client, by an error or by time.
    ///
    /// - Returns: Whether a poll waits, and is to be answered.
    mutating func end() -> Bool {
        let waits = self.poll != .none
        self.poll = .none
        self.phase = .closed
        self.queue = []
        self.queuedBytes = 0
        return waits
    }
}
