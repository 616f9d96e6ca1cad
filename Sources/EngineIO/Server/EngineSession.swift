public import NIOCore
import NIOWebSocket
import Synchronization

/// A client's session. It outlives polls, and its transport can change.
///
/// `@unchecked Sendable`: its mutable state is touched on its event loop only.
public final class EngineSession: @unchecked Sendable {
    /// A secret between client and server: anyone who knows it can act as the client.
    public let id: String
    /// The event loop of the connection that opened the session.
    public let eventLoop: any EventLoop
    public let handshake: HandshakeRequest
    /// Runs asynchronous work on the session's event loop.
    public var executor: EventLoopExecutor { scheduler.executor }

    let server: EngineServer
    let scheduler: OutboundScheduler
    var machine: SessionMachine
    private var delegate: (any EngineSessionDelegate)?
    var timer: DeadlineTimer?
    var poll: HTTPExchange?
    var webSocket: WebSocketConnection?
    /// A WebSocket that has not yet replaced polling.
    var candidate: WebSocketConnection?
    var candidateTimeout: Scheduled<Void>?
    private var isFlushScheduled = false
    /// Whether the scheduler will flush the session with others.
    private var isGathering = false
    private(set) var hasEnded = false
    /// The object that the handshake's screening asked to keep.
    private var held: (any Sendable & AnyObject)?
    /// This tick's packets for a WebSocket on another event loop.
    private var relayed: [EncodedPacket] = []
    private var relayedBytes = 0

    init(
        id: String,
        transport: SessionMachine.Transport,
        handshake: HandshakeRequest,
        server: EngineServer,
        scheduler: OutboundScheduler,
        holding held: (any Sendable & AnyObject)?
    ) {
        self.id = id
        self.held = held
        self.eventLoop = scheduler.eventLoop
        self.handshake = handshake
        self.server = server
        self.scheduler = scheduler
        machine = SessionMachine(
            transport: transport,
            timing: .init(server.configuration),
            configuration: server.configuration,
            now: scheduler.eventLoop.now
        )
        // `stop` releases the timer when the session ends.
        let timer = DeadlineTimer(eventLoop: scheduler.eventLoop) { self.timerFired() }
        self.timer = timer
        timer.set(machine.nextDeadline)
    }

    /// Whether messages can still be sent. On the event loop only.
    public var isOpen: Bool { !hasEnded && machine.isOpen }

    // MARK: Opening

    /// Sends the open packet, and then gives the session to the layer above.
    func open(webSocket: WebSocketConnection?, delegate: (EngineSession) -> any EngineSessionDelegate) {
        self.webSocket = webSocket
        let mayUpgrade = machine.transport == .polling
        send(.open(sid: id, mayUpgrade: mayUpgrade, configuration: server.configuration))
        self.delegate = delegate(self)
    }

    // MARK: Sending and closing

    /// Sends a packet. It leaves together with everything else that is sent in the same tick of the event loop.
    ///
    /// On the event loop only. A client with more than `maxOutboundBytes` waiting is disconnected.
    public func send(_ packet: EncodedPacket) {
        eventLoop.assertInEventLoop()
        guard !hasEnded else { return }
        switch machine.send(packet) {
        case .write: write(packet)
        case .queued: break
        case .overflow: return end(.slowConsumer)
        case .drop: return
        }
        scheduler.countDeliveries(1)
        scheduleFlush()
    }

    /// Sends packets in order. A WebSocket gets them with one write.
    ///
    /// - Parameters:
    ///   - frames: The packets' WebSocket frames, concatenated.
    ///   - mayWait: Whether they may wait some milliseconds for more while many are sent. Broadcasts may.
    public func send(_ packets: [EncodedPacket], frames: ByteBuffer, mayWait: Bool) {
        guard !hasEnded, machine.writesAtOnce, let webSocket,
            webSocket.eventLoop === eventLoop, !webSocket.compresses
        else {
            for packet in packets { self.send(packet) }
            return
        }
        webSocket.write(frames: frames)
        scheduler.countDeliveries(packets.count)
        guard mayWait else { return scheduleFlush() }
        guard !isGathering, !isFlushScheduled else { return }
        isGathering = true
        scheduler.gather(self)
    }

    /// Closes the session from the server's side. From any thread.
    public func close(_ reason: CloseReason = .forcedClose) {
        guard eventLoop.inEventLoop else { return eventLoop.execute { self.close(reason) } }
        guard !hasEnded else { return }
        switch machine.close(now: eventLoop.now) {
        case .alreadyClosed: break
        case .closeWebSocket:
            closeWebSocket(reason == .serverShutdown ? .goingAway : .normalClosure, reason: reason)
            end(reason)
        case .respondPoll(let packets):
            respondToPoll(packets)
            end(reason)
        case .awaitPoll:
            // The delegate is told now, and the client with its next poll.
            tellDelegate(reason)
            timer?.set(machine.nextDeadline)
        }
    }

    func write(_ packet: EncodedPacket) {
        guard let webSocket else { return }
        if webSocket.eventLoop === eventLoop {
            webSocket.write(packet)
        } else {
            let waiting = webSocket.pendingRemoteBytes.load(ordering: .relaxed) + relayedBytes + packet.size
            guard waiting <= server.configuration.maxOutboundBytes else { return end(.slowConsumer) }
            relayed.append(packet)
            relayedBytes += packet.size
        }
    }

    func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        scheduler.scheduleFlush(self)
    }

    /// Called by the scheduler at the end of the tick.
    func flush() {
        isFlushScheduled = false
        isGathering = false
        guard let webSocket else {
            if let packets = machine.flush() { respondToPoll(packets) }
            return
        }
        if webSocket.eventLoop === eventLoop {
            webSocket.flush()
        } else if !relayed.isEmpty {
            scheduler.relay(relayed, to: webSocket)
            relayed = []
            relayedBytes = 0
        }
    }

    private func closeWebSocket(_ code: WebSocketErrorCode, reason: CloseReason) {
        guard let webSocket else { return }
        flush()
        scheduler.afterRelays(to: webSocket) { $0.close(code, reason: reason.rawValue) }
    }

    // MARK: Ending

    /// Ends the session at once.
    func end(_ reason: CloseReason) {
        guard !hasEnded else { return }
        hasEnded = true
        held = nil
        if machine.end() { respondToPoll([.noop]) }
        for connection in [webSocket, candidate].compactMap(\.self) {
            scheduler.afterRelays(to: connection) { connection in
                if reason == .slowConsumer { connection.abort() } else { connection.close(.normalClosure) }
            }
        }
        webSocket = nil
        candidate = nil
        candidateTimeout?.cancel()
        candidateTimeout = nil
        relayed = []
        timer?.stop()
        timer = nil
        server.remove(self, reason: reason)
        tellDelegate(reason)
    }

    func tellDelegate(_ reason: CloseReason) {
        let delegate = self.delegate
        self.delegate = nil
        delegate?.session(self, closed: reason)
    }

    private func timerFired() {
        guard !hasEnded else { return }
        switch machine.timerFired(now: eventLoop.now) {
        case .sendPing: send(.ping)
        case .releasePoll: respondToPoll([.noop])
        case .expire: end(.pingTimeout)
        case .drop: end(.forcedClose)
        case .wait: break
        }
        timer?.set(machine.nextDeadline)
    }

    // MARK: Packets

    func receive(_ packet: Packet) {
        guard !hasEnded else { return }
        switch machine.received(packet, now: eventLoop.now) {
        case .deliver(let message): delegate?.session(self, received: message)
        case .ignore: timer?.set(machine.nextDeadline)
        case .closedByClient: end(.transportClose)
        case .leftByClient:
            abandonCandidate()
            tellDelegate(.transportClose)
            timer?.set(machine.nextDeadline)
        case .fail(let reason): end(reason)
        }
    }

}

extension EngineSession {
    /// Runs `body` on the session's event loop: at once if called there.
    package func onLoop(_ body: @escaping @Sendable (EngineSession) -> Void) {
        if eventLoop.inEventLoop { body(self) } else { eventLoop.execute { body(self) } }
    }
}

extension SessionMachine.Timing {
    init(_ configuration: EngineConfiguration) {
        self.init(
            pingInterval: configuration.pingInterval,
            pingTimeout: configuration.pingTimeout,
            closeTimeout: configuration.closeTimeout
        )
    }
}
