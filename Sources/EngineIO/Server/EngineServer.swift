public import Logging
public import NIOCore
import NIOHTTP1
import NIOWebSocket
import Synchronization

/// An Engine.IO server (protocol revision 4). It opens sessions, finds them by id, and refuses bad requests.
///
/// It does not listen itself. Pass it to `HTTPServerBuilder.http1(endpoints:configuration:)` of EngineIOHummingbird.
public final class EngineServer: Sendable {
    public let configuration: EngineConfiguration
    public let metrics = EngineMetrics()
    let responses: PollingResponses
    private let logger: Logger
    private let onSession: @Sendable (EngineSession) -> any EngineSessionDelegate
    private let schedulers: [ObjectIdentifier: OutboundScheduler]
    private let registry = Mutex(Registry())
    private let pendingHandshakes = Atomic(0)

    private struct Registry {
        var sessions: [String: EngineSession] = [:]
        var isAccepting = true
        var isShuttingDown = false
        /// Completed when the last session has ended during a shutdown.
        var drained: EventLoopPromise<Void>?
    }

    /// - Parameters:
    ///   - eventLoopGroup: The group that the HTTP server's connections run on.
    ///   - onSession: Called on a new session's event loop after the open packet was sent. Returns the session's
    ///     delegate.
    public init(
        configuration: EngineConfiguration,
        eventLoopGroup: any EventLoopGroup,
        logger: Logger,
        onSession: @escaping @Sendable (EngineSession) -> any EngineSessionDelegate
    ) {
        self.configuration = configuration
        responses = PollingResponses(cors: configuration.cors)
        self.logger = logger
        self.onSession = onSession
        var schedulers: [ObjectIdentifier: OutboundScheduler] = [:]
        for eventLoop in eventLoopGroup.makeIterator() {
            schedulers[ObjectIdentifier(eventLoop)] = OutboundScheduler(eventLoop: eventLoop, metrics: self.metrics)
        }
        self.schedulers = schedulers
    }

    /// Sessions that are open now.
    public var sessionCount: Int { registry.withLock { $0.sessions.count } }

    /// Whether new sessions are accepted. Otherwise their handshakes are answered with 503, and open sessions go on.
    public func setAccepting(_ isAccepting: Bool) { registry.withLock { $0.isAccepting = isAccepting } }

    /// Refuses new sessions and closes the open ones evenly over `duration`, so that their clients come to other servers one
    /// after another. Takes longer where that would be more than `maxPerSecond`. Ends early when the task is cancelled.
    public func drain(over duration: Duration, maxPerSecond: Int = 1000) async {
        guard !Task.isCancelled else { return }
        let sessions = registry.withLock { registry in
            registry.isAccepting = false
            return Array(registry.sessions.values)
        }
        var pace = DrainPace(sessions: sessions.count, over: duration, maxPerSecond: maxPerSecond)
        var rest = sessions[...]
        while let count = pace.next() {
            for session in rest.prefix(count) { session.close(.serverShutdown) }
            rest = rest.dropFirst(count)
            guard (try? await Task.sleep(for: DrainPace.tick)) != nil else { return }
        }
    }

    /// Refuses new sessions and closes all open ones. Returns when they have ended, or after `closeTimeout` and a
    /// second.
    ///
    /// A WebSocket is closed with 1001, a poll with the close packet. Clients reconnect after either.
    public func shutdown() async {
        guard let eventLoop = schedulers.values.first?.eventLoop else { return }
        let drained = eventLoop.makePromise(of: Void.self)
        let sessions = registry.withLock { registry -> [EngineSession]? in
            guard !registry.isShuttingDown else { return nil }
            registry.isShuttingDown = true
            if registry.sessions.isEmpty { return [] }
            registry.drained = drained
            return Array(registry.sessions.values)
        }
        guard let sessions, !sessions.isEmpty else { return drained.succeed() }
        for session in sessions { session.close(.serverShutdown) }
        let bound = configuration.closeTimeout + .seconds(1)
        let timeout = eventLoop.scheduleTask(in: bound) { self.drained() }
        try? await drained.futureResult.get()
        timeout.cancel()
    }

    private func drained() {
        registry.withLock { $0.drained.take() }?.succeed()
    }

    // MARK: Requests

    /// Answers a request at the server's path. On the connection's event loop.
    func receive(_ exchange: HTTPExchange, body: ByteBuffer) {
        if exchange.head.method == .OPTIONS, configuration.cors.answersPreflights {
            return responses.allow(exchange)
        }
        do throws(RequestError) {
            let request = try EngineRequest(
                method: exchange.head.method,
                uri: exchange.head.uri,
                isWebSocketUpgrade: exchange.isWebSocketUpgrade,
                transports: configuration.transports
            )
            switch request.purpose {
            case .handshake(let transport): try admit(transport, exchange)
            case .poll(let sid):
                let session = try self.session(sid)
                exchange.onQuiesce = { session.close(.serverShutdown) }
                exchange.onAbort = { session.eventLoop.execute { session.pollAborted(exchange) } }
                session.onLoop { $0.receivePoll(exchange) }
            case .post(let sid): try self.session(sid).onLoop { $0.receivePost(exchange, body: body) }
            case .upgrade(let sid): upgrade(try self.session(sid), exchange)
            }
        } catch {
            refuse(exchange, error)
        }
    }

    private func session(_ sid: String) throws(RequestError) -> EngineSession {
        // A text longer than any id is not looked up, because hashing it can take long.
        guard sid.utf8.count <= 64, let session = registry.withLock({ $0.sessions[sid] }) else {
            throw .unknownSession
        }
        return session
    }

    // MARK: Handshakes

    private func admit(
        _ transport: EngineConfiguration.Transport,
        _ exchange: HTTPExchange
    ) throws(RequestError) {
        guard registry.withLock({ $0.isAccepting && !$0.isShuttingDown }) else { throw .overloaded }
        let handshake = HandshakeRequest(exchange.head, remoteAddress: exchange.remoteAddress)
        let held: (any Sendable & AnyObject)?
        switch configuration.screening?(handshake) {
        case .refuse(let refusal): throw .forbidden(refusal)
        case .accept(let holding): held = holding
        case nil: held = nil
        }
        guard let admission = configuration.admission else {
            return open(transport, handshake, exchange, holding: held)
        }
        let pending = pendingHandshakes.wrappingAdd(1, ordering: .relaxed).newValue
        guard pending <= configuration.maxPendingHandshakes else {
            pendingHandshakes.wrappingSubtract(1, ordering: .relaxed)
            throw .overloaded
        }
        // The exchange takes only the first answer, so a late decision has no effect.
        let timeout = exchange.eventLoop.scheduleTask(in: configuration.admissionTimeout) {
            self.refuse(exchange, .overloaded)
        }
        Task {
            let refusal = await admission(handshake)
            self.pendingHandshakes.wrappingSubtract(1, ordering: .relaxed)
            timeout.cancel()
            exchange.eventLoop.execute {
                if let refusal {
                    self.refuse(exchange, .forbidden(refusal))
                } else {
                    self.open(transport, handshake, exchange, holding: held)
                }
            }
        }
    }

    private func open(
        _ transport: EngineConfiguration.Transport,
        _ handshake: HandshakeRequest,
        _ exchange: HTTPExchange,
        holding held: (any Sendable & AnyObject)?
    ) {
        // The client has disconnected, or the timeout has answered.
        guard exchange.gate != nil else { return }
        guard let scheduler = schedulers[ObjectIdentifier(exchange.eventLoop)] else {
            logger.error("connection on an event loop that is not of the Engine.IO server's group")
            return refuse(exchange, .overloaded)
        }
        let session = EngineSession(
            id: configuration.sessionIDPrefix() + RandomID.make(),
            transport: transport == .polling ? .polling : .websocket,
            handshake: handshake,
            server: self,
            scheduler: scheduler,
            holding: held
        )
        let isRegistered = self.registry.withLock { registry in
            guard registry.isAccepting, !registry.isShuttingDown else { return false }
            registry.sessions[session.id] = session
            return true
        }
        metrics.sessionOpened()
        guard isRegistered else {
            session.close(.serverShutdown)
            return refuse(exchange, .overloaded)
        }
        switch transport {
        case .polling:
            session.open(webSocket: nil, delegate: onSession)
            session.receivePoll(exchange)
        case .websocket:
            guard let connection = acceptWebSocket(exchange, receiver: session) else {
                return session.close(.transportClose)
            }
            session.open(webSocket: connection, delegate: onSession)
        }
    }

    // MARK: WebSockets

    private func upgrade(_ session: EngineSession, _ exchange: HTTPExchange) {
        session.onLoop { session in
            // Reserved before the client is answered, so its next requests find the session upgrading.
            let mayUpgrade = session.reserveUpgrade()
            exchange.eventLoop.execute {
                let isSameLoop = session.eventLoop === exchange.eventLoop
                let receiver: any WebSocketReceiver = isSameLoop ? session : SessionRelay(session: session)
                let connection = self.acceptWebSocket(exchange, receiver: receiver)
                if mayUpgrade {
                    session.onLoop { $0.attach(connection) }
                } else {
                    // Refused in the reference server's way: the WebSocket opens and is closed.
                    connection?.close(.normalClosure)
                }
            }
        }
    }

    private func acceptWebSocket(_ exchange: HTTPExchange, receiver: any WebSocketReceiver) -> WebSocketConnection? {
        var configuration = WebSocketConnection.Configuration(
            maxMessageSize: self.configuration.maxPayload,
            maxOutboundBytes: self.configuration.maxOutboundBytes,
            slowReader: .disconnect,
            closeTimeout: self.configuration.closeTimeout
        )
        var headers = responses.headers(exchange)
        if case .enabled(let threshold) = self.configuration.permessageDeflate,
            let agreed = DeflateParameters.negotiate(
                offers: exchange.head.headers["Sec-WebSocket-Extensions"],
                threshold: threshold
            )
        {
            configuration.deflate = agreed.parameters
            headers.add(name: "Sec-WebSocket-Extensions", value: agreed.response)
        }
        return exchange.acceptWebSocket(configuration, extraHeaders: headers, receiver: receiver)
    }

    // MARK: Answers

    func refuse(_ exchange: HTTPExchange, _ error: RequestError) {
        metrics.requestRefused()
        let request = { HandshakeRequest(exchange.head, remoteAddress: exchange.remoteAddress) }
        if error.isOfRequest, let refusal = configuration.refusing?(request()) {
            responses.refuse(exchange, .forbidden(refusal))
        } else {
            responses.refuse(exchange, error)
        }
    }

    // MARK: The end of sessions

    func remove(_ session: EngineSession, reason: CloseReason) {
        metrics.sessionClosed(reason)
        let isLast = self.registry.withLock { registry in
            registry.sessions[session.id] = nil
            return registry.isShuttingDown && registry.sessions.isEmpty
        }
        if isLast { drained() }
    }
}
