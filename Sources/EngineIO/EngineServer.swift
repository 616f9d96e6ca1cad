import Atomics
import HTTPTypes
public import Logging
import NIOConcurrencyHelpers
public import NIOCore
import NIOHTTP1
import NIOWebSocket

/// An Engine.IO server (protocol revision 4): opens sessions, finds them again, and answers what it refuses.
///
/// It listens on nothing itself: give it to `HTTPServerBuilder.http1(endpoints:configuration:)`.
public final class EngineServer: Sendable {
    public let configuration: EngineConfiguration
    public let metrics = EngineMetrics()
    private let logger: Logger
    private let onSession: @Sendable (EngineSession) -> any EngineSessionDelegate
    private let hubs: [ObjectIdentifier: EventLoopHub]
    private let registry = NIOLockedValueBox(Registry())
    private let pendingHandshakes = ManagedAtomic(0)

    private struct Registry {
        var sessions: [String: EngineSession] = [:]
        var isShuttingDown = false
        /// Completed when the last session has ended during a shutdown.
        var drained: EventLoopPromise<Void>?
    }

    /// - Parameters:
    ///   - eventLoopGroup: The group that the HTTP server's connections run on.
    ///   - onSession: Called on a new session's event loop once the client is told of it; returns what sits on it.
    public init(
        configuration: EngineConfiguration,
        eventLoopGroup: any EventLoopGroup,
        logger: Logger,
        onSession: @escaping @Sendable (EngineSession) -> any EngineSessionDelegate
    ) {
        self.configuration = configuration
        self.logger = logger
        self.onSession = onSession
        var hubs: [ObjectIdentifier: EventLoopHub] = [:]
        for eventLoop in eventLoopGroup.makeIterator() {
            hubs[ObjectIdentifier(eventLoop)] = EventLoopHub(eventLoop: eventLoop, metrics: self.metrics)
        }
        self.hubs = hubs
    }

    /// Sessions that are open now.
    public var sessionCount: Int { self.registry.withLockedValue { $0.sessions.count } }

    /// Refuses new sessions, closes all that are open, and returns when they have ended, or after
    /// `closeTimeout` and a second.
    ///
    /// A WebSocket is closed with 1001, a poll with the close packet: clients take either as a reason to reconnect.
    public func shutdown() async {
        guard let eventLoop = self.hubs.values.first?.eventLoop else { return }
        let drained = eventLoop.makePromise(of: Void.self)
        let sessions = self.registry.withLockedValue { registry -> [EngineSession]? in
            guard !registry.isShuttingDown else { return nil }
            registry.isShuttingDown = true
            if registry.sessions.isEmpty { return [] }
            registry.drained = drained
            return Array(registry.sessions.values)
        }
        guard let sessions, !sessions.isEmpty else { return drained.succeed() }
        for session in sessions { session.close(.serverShutdown) }
        let bound = self.configuration.closeTimeout + .seconds(1)
        let timeout = eventLoop.scheduleTask(in: bound) { self.drained() }
        try? await drained.futureResult.get()
        timeout.cancel()
    }

    private func drained() {
        self.registry.withLockedValue { $0.drained.take() }?.succeed()
    }

    // MARK: Requests

    /// Answers a request at the server's path. On the connection's event loop.
    func receive(_ exchange: HTTPExchange, body: ByteBuffer) {
        if exchange.head.method == .OPTIONS, self.configuration.cors.answersPreflights {
            return exchange.respond(.init(status: .noContent, headers: self.corsHeaders(exchange, isPreflight: true)))
        }
        do throws(RequestError) {
            let request = try EngineRequest(
                method: exchange.head.method,
                uri: exchange.head.uri,
                isWebSocketUpgrade: exchange.isWebSocketUpgrade,
                transports: self.configuration.transports
            )
            switch request.purpose {
            case .handshake(let transport): try self.admit(transport, exchange)
            case .poll(let sid):
                let session = try self.session(sid)
                exchange.onQuiesce = { session.close(.serverShutdown) }
                exchange.onAbort = { session.eventLoop.execute { session.pollAborted(exchange) } }
                session.onLoop { $0.receivePoll(exchange) }
            case .post(let sid): try self.session(sid).onLoop { $0.receivePost(exchange, body: body) }
            case .upgrade(let sid): self.upgrade(try self.session(sid), exchange)
            }
        } catch {
            self.refuse(exchange, error)
        }
    }

    private func session(_ sid: String) throws(RequestError) -> EngineSession {
        // A text that no id is as long as is not looked for: what it holds can make that take long.
        guard sid.utf8.count <= 64, let session = self.registry.withLockedValue({ $0.sessions[sid] }) else {
            throw .unknownSession
        }
        return session
    }

    // MARK: Handshakes

    private func admit(
        _ transport: EngineConfiguration.Transport,
        _ exchange: HTTPExchange
    ) throws(RequestError) {
        guard !self.registry.withLockedValue({ $0.isShuttingDown }) else { throw .overloaded }
        let handshake = HandshakeRequest(exchange.head, remoteAddress: exchange.remoteAddress)
        let held: (any Sendable & AnyObject)?
        switch self.configuration.screening?(handshake) {
        case .refuse(let refusal): throw .forbidden(refusal)
        case .accept(let holding): held = holding
        case nil: held = nil
        }
        guard let admission = self.configuration.admission else {
            return self.open(transport, handshake, exchange, holding: held)
        }
        let pending = self.pendingHandshakes.wrappingIncrementThenLoad(ordering: .relaxed)
        guard pending <= self.configuration.maxPendingHandshakes else {
            self.pendingHandshakes.wrappingDecrement(ordering: .relaxed)
            throw .overloaded
        }
        // The exchange takes the first answer only, so a late decision finds nothing left to do.
        let timeout = exchange.eventLoop.scheduleTask(in: self.configuration.admissionTimeout) {
            self.refuse(exchange, .overloaded)
        }
        Task {
            let refusal = await admission(handshake)
            self.pendingHandshakes.wrappingDecrement(ordering: .relaxed)
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
        // Gone, or answered by the timeout.
        guard exchange.gate != nil else { return }
        guard let hub = self.hubs[ObjectIdentifier(exchange.eventLoop)] else {
            self.logger.error("connection on an event loop that is not of the Engine.IO server's group")
            return self.refuse(exchange, .overloaded)
        }
        let session = EngineSession(
            id: SessionID.random(),
            transport: transport == .polling ? .polling : .websocket,
            handshake: handshake,
            server: self,
            hub: hub,
            holding: held
        )
        let isRegistered = self.registry.withLockedValue { registry in
            guard !registry.isShuttingDown else { return false }
            registry.sessions[session.id] = session
            return true
        }
        self.metrics.sessionOpened()
        guard isRegistered else {
            session.close(.serverShutdown)
            return self.refuse(exchange, .overloaded)
        }
        switch transport {
        case .polling:
            session.open(webSocket: nil, delegate: self.onSession)
            session.receivePoll(exchange)
        case .websocket:
            guard let connection = self.acceptWebSocket(exchange, receiver: session) else {
                return session.close(.transportClose)
            }
            session.open(webSocket: connection, delegate: self.onSession)
        }
    }

    func openPacket(for session: EngineSession, transport: SessionMachine.Transport) -> EncodedPacket {
        let upgrades =
            transport == .polling && self.configuration.transports.contains(.websocket) ? #""websocket""# : ""
        let json = """
            {"sid":"\(session.id)","upgrades":[\(upgrades)],\
            "pingInterval":\(self.configuration.pingInterval.milliseconds),\
            "pingTimeout":\(self.configuration.pingTimeout.milliseconds),\
            "maxPayload":\(self.configuration.maxPayload)}
            """
        return EncodedPacket(type: UInt8(ascii: "0"), length: json.utf8.count) { $0.writeString(json) }
    }

    // MARK: WebSockets

    private func upgrade(_ session: EngineSession, _ exchange: HTTPExchange) {
        session.onLoop { session in
            // Before the client is answered: its next requests already find the session upgrading.
            let mayUpgrade = session.reserveUpgrade()
            exchange.eventLoop.execute {
                let isSameLoop = session.eventLoop === exchange.eventLoop
                let receiver: any WebSocketReceiver = isSameLoop ? session : SessionRelay(session: session)
                let connection = self.acceptWebSocket(exchange, receiver: receiver)
                if mayUpgrade {
                    session.onLoop { $0.attach(connection) }
                } else {
                    // Refused as the reference server does it: the WebSocket opens and is closed.
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
        var headers = self.corsHeaders(exchange, isPreflight: false)
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

    /// - Parameter written: Completed when the answer has left for the kernel, or never will.
    func respond(to exchange: HTTPExchange, with packets: [EncodedPacket], written: EventLoopPromise<Void>) {
        self.respond(
            exchange, type: "text/plain; charset=UTF-8", body: PollingPayload.encode(packets), written: written)
    }

    func acknowledge(_ exchange: HTTPExchange) {
        // As the reference server has it: some browsers offer `text/plain` as a download.
        self.respond(exchange, type: "text/html", body: ByteBuffer(string: "ok"))
    }

    private func respond(
        _ exchange: HTTPExchange, type: String, body: ByteBuffer, written: EventLoopPromise<Void>? = nil
    ) {
        var headers = self.corsHeaders(exchange, isPreflight: false)
        headers.add(name: "Content-Type", value: type)
        headers.add(name: "Cache-Control", value: "no-store")
        exchange.respond(.init(status: .ok, headers: headers, body: body, written: written))
    }

    func refuse(_ exchange: HTTPExchange, _ error: RequestError) {
        self.metrics.requestRefused()
        var error = error
        if error.isOfRequest,
            let refusal = self.configuration.refusing?(
                HandshakeRequest(exchange.head, remoteAddress: exchange.remoteAddress))
        {
            error = .forbidden(refusal)
        }
        var headers = self.corsHeaders(exchange, isPreflight: false)
        headers.add(name: "Content-Type", value: "application/json")
        if error == .overloaded { headers.add(name: "Retry-After", value: "5") }
        if case .forbidden(let refusal) = error {
            for field in refusal.headers { headers.add(name: field.name.rawName, value: field.value) }
        }
        let status = HTTPResponseStatus(statusCode: error.status.code, reasonPhrase: error.status.reasonPhrase)
        exchange.respond(.init(status: status, headers: headers, body: error.body))
    }

    private func corsHeaders(_ exchange: HTTPExchange, isPreflight: Bool) -> HTTPHeaders {
        self.configuration.cors.headers(for: exchange.head.headers, isPreflight: isPreflight)
    }

    func remove(_ session: EngineSession, reason: CloseReason) {
        self.metrics.sessionClosed(reason)
        let isLast = self.registry.withLockedValue { registry in
            registry.sessions[session.id] = nil
            return registry.isShuttingDown && registry.sessions.isEmpty
        }
        if isLast { self.drained() }
    }
}

extension EngineSession {
    /// Runs on the session's event loop: at once where this is it.
    package func onLoop(_ body: @escaping @Sendable (EngineSession) -> Void) {
        if self.eventLoop.inEventLoop { body(self) } else { self.eventLoop.execute { body(self) } }
    }
}

extension TimeAmount {
    var milliseconds: Int64 { self.nanoseconds / 1_000_000 }
}

extension CORSPolicy {
    func headers(for request: HTTPHeaders, isPreflight: Bool) -> HTTPHeaders {
        var headers: HTTPHeaders = [:]
        switch self {
        case .sameOrigin: return [:]
        case .any: headers.add(name: "Access-Control-Allow-Origin", value: "*")
        case .allowing(let permits):
            headers.add(name: "Vary", value: "Origin")
            guard let origin = request.first(name: "Origin"), permits(origin) else { return headers }
            headers.add(name: "Access-Control-Allow-Origin", value: origin)
            headers.add(name: "Access-Control-Allow-Credentials", value: "true")
        }
        guard isPreflight else { return headers }
        // The reference server's list: what a method is answered with is said where it comes.
        headers.add(name: "Access-Control-Allow-Methods", value: "GET,HEAD,PUT,PATCH,POST,DELETE")
        if let requested = request.first(name: "Access-Control-Request-Headers") {
            headers.add(name: "Access-Control-Allow-Headers", value: requested)
        }
        headers.add(name: "Access-Control-Max-Age", value: "86400")
        return headers
    }
}
