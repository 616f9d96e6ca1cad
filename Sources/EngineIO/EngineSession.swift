import Atomics
public import NIOCore
import NIOWebSocket

/// What sits on an Engine.IO session. Called on the session's event loop; must not block.
public protocol EngineSessionDelegate: AnyObject, Sendable {
    func session(_ session: EngineSession, received message: EngineMessage)
    /// Called once, when nothing more is received or sent.
    func session(_ session: EngineSession, closed reason: CloseReason)
}

/// A client's session: it outlives polls, and its transport may change under it.
///
/// `@unchecked Sendable`: its mutable state is touched on its event loop only.
public final class EngineSession: @unchecked Sendable {
    /// Known to the client and the server only: whoever knows it can speak for the client.
    public let id: String
    /// The event loop of the connection that opened the session.
    public let eventLoop: any EventLoop
    public let handshake: HandshakeRequest
    /// For asynchronous work on the session's event loop.
    public var executor: EventLoopExecutor { self.hub.executor }

    private let server: EngineServer
    private let hub: EventLoopHub
    private var machine: SessionMachine
    private var delegate: (any EngineSessionDelegate)?
    private var timer: DeadlineTimer?
    private var poll: HTTPExchange?
    private var webSocket: WebSocketConnection?
    /// A WebSocket that has not taken over yet.
    private var candidate: WebSocketConnection?
    private var candidateTimeout: Scheduled<Void>?
    private var isFlushScheduled = false
    /// Whether the hub will flush the session with others.
    private var isGathering = false
    private var hasEnded = false
    /// What the screening of the handshake gave to be kept.
    private var held: (any Sendable & AnyObject)?
    /// Packets of this tick for a WebSocket on another event loop.
    private var relayed: [EncodedPacket] = []
    private var relayedBytes = 0

    init(
        id: String,
        transport: SessionMachine.Transport,
        handshake: HandshakeRequest,
        server: EngineServer,
        hub: EventLoopHub,
        holding held: (any Sendable & AnyObject)?
    ) {
        self.id = id
        self.held = held
        self.eventLoop = hub.eventLoop
        self.handshake = handshake
        self.server = server
        self.hub = hub
        self.machine = SessionMachine(
            transport: transport,
            timing: .init(server.configuration),
            configuration: server.configuration,
            now: hub.eventLoop.now
        )
        // Let go of by `stop` when the session ends.
        let timer = DeadlineTimer(eventLoop: hub.eventLoop) { self.timerFired() }
        self.timer = timer
        timer.set(self.machine.nextDeadline)
    }

    /// Whether messages can still be sent. On the event loop only.
    public var isOpen: Bool { !self.hasEnded && self.machine.isOpen }

    // MARK: Sending and closing

    /// Sends a packet; it leaves with everything else that is sent in the same tick of the event loop.
    ///
    /// On the event loop only. A client with more than `maxOutboundBytes` waiting is disconnected.
    public func send(_ packet: EncodedPacket) {
        self.eventLoop.assertInEventLoop()
        guard !self.hasEnded else { return }
        switch self.machine.send(packet) {
        case .write: self.write(packet)
        case .queued: break
        case .overflow: return self.end(.slowConsumer)
        case .drop: return
        }
        self.hub.countDeliveries(1)
        self.scheduleFlush()
    }

    /// Sends packets together, in their order: a WebSocket gets them with one write.
    ///
    /// - Parameters:
    ///   - frames: The packets' WebSocket frames, one behind the other.
    ///   - mayWait: Whether they may wait some milliseconds for others while many are sent, as what is broadcast may.
    public func send(_ packets: [EncodedPacket], frames: ByteBuffer, mayWait: Bool) {
        guard !self.hasEnded, self.machine.writesAtOnce, let webSocket = self.webSocket,
            webSocket.eventLoop === self.eventLoop, !webSocket.compresses
        else {
            for packet in packets { self.send(packet) }
            return
        }
        webSocket.write(frames: frames)
        self.hub.countDeliveries(packets.count)
        guard mayWait else { return self.scheduleFlush() }
        guard !self.isGathering, !self.isFlushScheduled else { return }
        self.isGathering = true
        self.hub.gather(self)
    }

    /// Closes the session from the server's side. From any thread.
    public func close(_ reason: CloseReason = .forcedClose) {
        guard self.eventLoop.inEventLoop else { return self.eventLoop.execute { self.close(reason) } }
        guard !self.hasEnded else { return }
        switch self.machine.close(now: self.eventLoop.now) {
        case .alreadyClosed: break
        case .closeWebSocket:
            self.closeWebSocket(reason == .serverShutdown ? .goingAway : .normalClosure, reason: reason)
            self.end(reason)
        case .respondPoll(let packets):
            self.respondToPoll(packets)
            self.end(reason)
        case .awaitPoll:
            // The delegate hears of it now, the client with its next poll.
            self.tellDelegate(reason)
            self.timer?.set(self.machine.nextDeadline)
        }
    }

    private func write(_ packet: EncodedPacket) {
        guard let webSocket = self.webSocket else { return }
        if webSocket.eventLoop === self.eventLoop {
            webSocket.write(packet)
        } else {
            let waiting = webSocket.pendingRemoteBytes.load(ordering: .relaxed) + self.relayedBytes + packet.size
            guard waiting <= self.server.configuration.maxOutboundBytes else { return self.end(.slowConsumer) }
            self.relayed.append(packet)
            self.relayedBytes += packet.size
        }
    }

    private func scheduleFlush() {
        guard !self.isFlushScheduled else { return }
        self.isFlushScheduled = true
        self.hub.scheduleFlush(self)
    }

    /// Called by the hub at the end of the tick.
    func flush() {
        self.isFlushScheduled = false
        self.isGathering = false
        guard let webSocket = self.webSocket else {
            if let packets = self.machine.flush() { self.respondToPoll(packets) }
            return
        }
        if webSocket.eventLoop === self.eventLoop {
            webSocket.flush()
        } else if !self.relayed.isEmpty {
            self.hub.relay(self.relayed, to: webSocket)
            self.relayed = []
            self.relayedBytes = 0
        }
    }

    private func closeWebSocket(_ code: WebSocketErrorCode, reason: CloseReason) {
        guard let webSocket = self.webSocket else { return }
        self.flush()
        self.hub.afterRelays(to: webSocket) { $0.close(code, reason: reason.rawValue) }
    }

    // MARK: Ending

    /// The session is over at once.
    private func end(_ reason: CloseReason) {
        guard !self.hasEnded else { return }
        self.hasEnded = true
        self.held = nil
        if self.machine.end() { self.respondToPoll([.noop]) }
        for connection in [self.webSocket, self.candidate].compactMap(\.self) {
            self.hub.afterRelays(to: connection) { connection in
                if reason == .slowConsumer { connection.abort() } else { connection.close(.normalClosure) }
            }
        }
        self.webSocket = nil
        self.candidate = nil
        self.candidateTimeout?.cancel()
        self.candidateTimeout = nil
        self.relayed = []
        self.timer?.stop()
        self.timer = nil
        self.server.remove(self, reason: reason)
        self.tellDelegate(reason)
    }

    private func tellDelegate(_ reason: CloseReason) {
        let delegate = self.delegate
        self.delegate = nil
        delegate?.session(self, closed: reason)
    }

    private func timerFired() {
        guard !self.hasEnded else { return }
        switch self.machine.timerFired(now: self.eventLoop.now) {
        case .sendPing: self.send(.ping)
        case .releasePoll: self.respondToPoll([.noop])
        case .expire: self.end(.pingTimeout)
        case .drop: self.end(.forcedClose)
        case .wait: break
        }
        self.timer?.set(self.machine.nextDeadline)
    }

    // MARK: Polling

    func receivePoll(_ exchange: HTTPExchange) {
        switch self.machine.receivedPoll(now: self.eventLoop.now) {
        case .hold:
            self.poll = exchange
            self.timer?.set(self.machine.nextDeadline)
        case .respond(let packets): self.answer(exchange, with: packets)
        case .respondAndEnd(let packets):
            self.answer(exchange, with: packets)
            self.end(.forcedClose)
        case .refuse(let error):
            self.server.refuse(exchange, error)
        case .overlap:
            self.respondToPoll([.close])
            self.server.refuse(exchange, .badRequest)
            self.end(.transportError)
        case .expired:
            self.server.refuse(exchange, .unknownSession)
            self.end(.pingTimeout)
        }
    }

    /// The client gave up a poll that was waiting.
    func pollAborted(_ exchange: HTTPExchange) {
        guard self.poll === exchange else { return }
        self.poll = nil
        self.end(.transportError)
    }

    func receivePost(_ exchange: HTTPExchange, body: ByteBuffer) {
        switch self.machine.receivedPost(now: self.eventLoop.now) {
        case .accept: break
        case .refuse(let error): return self.server.refuse(exchange, error)
        case .expired:
            self.server.refuse(exchange, .unknownSession)
            return self.end(.pingTimeout)
        }
        do throws(PacketError) {
            let packets = try PollingPayload.decode(body, maxPackets: self.server.configuration.maxInboundPackets)
            // The answer comes before the messages' effects: what they bring about goes out with the next poll.
            self.server.acknowledge(exchange)
            for packet in packets { self.receive(packet) }
        } catch {
            self.server.refuse(exchange, .badRequest)
            self.end(.parseError)
        }
    }

    private func respondToPoll(_ packets: [EncodedPacket]) {
        guard let exchange = self.poll else { return }
        self.poll = nil
        self.answer(exchange, with: packets)
    }

    private func answer(_ exchange: HTTPExchange, with packets: [EncodedPacket]) {
        let bytes = packets.reduce(0) { $0 + $1.size }
        self.machine.answering(bytes)
        let written = self.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in self.machine.answered(bytes) }
        self.server.respond(to: exchange, with: packets, written: written)
    }

    // MARK: Packets

    private func receive(_ packet: Packet) {
        guard !self.hasEnded else { return }
        switch self.machine.received(packet, now: self.eventLoop.now) {
        case .deliver(let message): self.delegate?.session(self, received: message)
        case .ignore: self.timer?.set(self.machine.nextDeadline)
        case .closedByClient: self.end(.transportClose)
        case .leftByClient:
            self.abandonCandidate()
            self.tellDelegate(.transportClose)
            self.timer?.set(self.machine.nextDeadline)
        case .fail(let reason): self.end(reason)
        }
    }

    /// A message of the session's WebSocket, or of the one that wants to become it.
    func receive(_ message: EngineMessage, from connection: WebSocketConnection) {
        guard connection === self.webSocket || connection === self.candidate else { return }
        let packet: Packet
        switch message {
        case .binary: packet = .message(message)
        case .text(let text):
            do throws(PacketError) {
                packet = try Packet(text: text)
            } catch {
                guard connection === self.webSocket else { return self.abandonCandidate() }
                return self.end(.parseError)
            }
        }
        if connection === self.webSocket { self.receive(packet) } else { self.receiveOnUpgrade(packet) }
    }

    func webSocketEnded(_ connection: WebSocketConnection) {
        if connection === self.webSocket {
            self.end(.transportClose)
        } else if connection === self.candidate {
            self.abandonCandidate()
        }
    }

    func webSocketFellBehind(_ connection: WebSocketConnection) {
        if connection === self.webSocket {
            self.end(.slowConsumer)
        } else if connection === self.candidate {
            self.abandonCandidate { $0.abort() }
        }
    }

    // MARK: Opening and upgrading

    /// Sends the open packet, and only then lets the layer above have the session.
    func open(webSocket: WebSocketConnection?, delegate: (EngineSession) -> any EngineSessionDelegate) {
        self.webSocket = webSocket
        self.send(self.server.openPacket(for: self, transport: self.machine.transport))
        self.delegate = delegate(self)
    }

    /// A WebSocket wants to take over from polling.
    ///
    /// - Returns: Whether it may try; then `attach` follows.
    func reserveUpgrade() -> Bool {
        !self.hasEnded && self.machine.attachWebSocket(now: self.eventLoop.now)
    }

    /// - Parameter connection: nil where the client went away meanwhile.
    func attach(_ connection: WebSocketConnection?) {
        guard let connection, !self.hasEnded else {
            self.machine.upgradeFailed()
            connection?.eventLoop.execute { connection?.close(.normalClosure) }
            return
        }
        self.candidate = connection
        self.candidateTimeout = self.eventLoop.scheduleTask(in: self.server.configuration.upgradeTimeout) {
            self.abandonCandidate()
        }
    }

    private func receiveOnUpgrade(_ packet: Packet) {
        guard let connection = self.candidate else { return }
        switch self.machine.receivedOnUpgrade(packet, now: self.eventLoop.now) {
        case .sendProbe:
            self.hub.relay([.probePong], to: connection)
            self.timer?.set(self.machine.nextDeadline)
        case .complete(let packets, let release):
            self.candidateTimeout?.cancel()
            self.candidateTimeout = nil
            self.candidate = nil
            self.webSocket = connection
            self.server.metrics.transportUpgraded()
            switch release {
            case .noop: self.respondToPoll([.noop])
            case .refuse:
                if let exchange = self.poll { self.server.refuse(exchange, .badRequest) }
                self.poll = nil
            case nil: break
            }
            for packet in packets { self.write(packet) }
            self.scheduleFlush()
        case .abort: self.abandonCandidate()
        }
    }

    private func abandonCandidate(
        _ part: @escaping @Sendable (WebSocketConnection) -> Void = { $0.close(.normalClosure) }
    ) {
        guard let connection = self.candidate else { return }
        self.candidate = nil
        self.candidateTimeout?.cancel()
        self.candidateTimeout = nil
        self.machine.upgradeFailed()
        self.hub.afterRelays(to: connection, part)
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
