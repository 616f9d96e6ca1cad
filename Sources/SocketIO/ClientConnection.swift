import EngineIO
import NIOCore

/// A session with the namespaces its client is in.
///
/// `@unchecked Sendable`: its state is touched on the session's event loop only.
final class ClientConnection: EngineSessionDelegate, @unchecked Sendable {
    let session: EngineSession
    private let server: SocketIOServer
    private var decoder: SocketPacketDecoder
    /// Few, so a search is quicker than a dictionary, and smaller.
    private var sockets: [Socket] = []
    /// Namespaces whose admission is under way.
    private var pending: [String] = []
    private var connectTimer: DeadlineTimer?
    /// Namespaces that were asked for in vain, and acknowledgements of nothing.
    private var refusals = 0
    private var isClosed = false

    init(session: EngineSession, server: SocketIOServer) {
        self.session = session
        self.server = server
        let limits = server.configuration.limits
        self.decoder = SocketPacketDecoder(maxAttachments: limits.maxAttachments, maxArguments: limits.maxArguments)
        let timer = DeadlineTimer(eventLoop: session.eventLoop) { [weak self] in self?.session.close() }
        self.connectTimer = timer
        timer.set(session.eventLoop.now + server.configuration.connectTimeout)
    }

    // MARK: Packets

    func session(_ session: EngineSession, received message: EngineMessage) {
        guard !self.isClosed else { return }
        do throws(SocketPacketError) {
            if let packet = try self.decoder.receive(message) { self.receive(packet) }
        } catch {
            self.session.close(.parseError)
        }
    }

    private func receive(_ packet: SocketPacket) {
        switch packet {
        case .connect(let namespace, let auth): self.connect(namespace, auth: auth)
        case .disconnect(let namespace):
            guard let socket = self.socket(in: namespace) else { return self.session.close() }
            self.remove(socket, reason: .clientDisconnect)
        case .event(let namespace, let id, let name, let arguments, let attachments):
            guard let socket = self.socket(in: namespace) else { return self.session.close() }
            socket.receive(
                InboundEvent(
                    name: name,
                    arguments: arguments,
                    attachments: attachments,
                    acknowledgement: id.map { Acknowledgement(socket: socket, id: $0) }
                )
            )
        case .acknowledgement(let namespace, let id, let arguments, let attachments):
            guard let socket = self.socket(in: namespace) else { return self.session.close() }
            let reply = AcknowledgementReply(arguments: arguments, attachments: attachments)
            if !socket.receiveAcknowledgement(id, reply) { _ = self.mayBeRefused() }
        case .connectError: self.session.close()
        }
    }

    private func socket(in namespace: String) -> Socket? {
        self.sockets.first { $0.namespace.name == namespace }
    }

    // MARK: Connecting

    private func connect(_ name: String, auth: ByteBuffer?) {
        guard self.socket(in: name) == nil, !self.pending.contains(name) else { return self.session.close() }
        guard let namespace = self.server.existingNamespace(name) else {
            return self.refuse(name, "Invalid namespace")
        }
        guard self.sockets.count + self.pending.count < self.server.configuration.limits.maxNamespaces else {
            return self.refuse(name, "Too many namespaces")
        }
        let handlers = namespace.currentHandlers
        guard let admission = handlers.admission else {
            return self.accept(namespace, handlers, userInfo: ())
        }
        let request = ConnectRequest(
            namespace: name,
            auth: auth.map(JSONFragment.init(json:)) ?? JSONFragment(json: "{}"),
            handshake: self.session.handshake
        )
        self.pending.append(name)
        Task(executorPreference: self.session.executor) {
            let decision = await admission(request)
            self.session.eventLoop.runNow { self.decided(decision, namespace, handlers) }
        }
    }

    private func decided(_ decision: Admission, _ namespace: Namespace, _ handlers: Namespace.Handlers) {
        self.pending.removeAll { $0 == namespace.name }
        guard !self.isClosed else { return }
        switch decision {
        case .accept(let userInfo): self.accept(namespace, handlers, userInfo: userInfo)
        case .refuse(let message, let data): self.refuse(namespace.name, message, data: data)
        }
    }

    private func refuse(_ namespace: String, _ message: String, data: JSONFragment? = nil) {
        guard self.mayBeRefused() else { return }
        self.session.send(SocketPacketEncoder.connectError(namespace: namespace, message: message, data: data))
    }

    /// Closes the session of a client that goes on asking in vain.
    private func mayBeRefused() -> Bool {
        self.refusals += 1
        guard self.refusals > self.server.configuration.limits.maxRefusals else { return true }
        self.session.close()
        return false
    }

    private func accept(_ namespace: Namespace, _ handlers: Namespace.Handlers, userInfo: any Sendable) {
        self.connectTimer?.stop()
        self.connectTimer = nil
        let socket = Socket(
            id: SessionID.random(),
            namespace: namespace,
            handlers: handlers,
            userInfo: userInfo,
            connection: self,
            session: self.session,
            limits: self.server.configuration.limits
        )
        self.sockets.append(socket)
        self.session.send(SocketPacketEncoder.connected(namespace: namespace.name, sid: socket.id))
        namespace.adapter.add(socket)
        handlers.connect?(socket)
    }

    // MARK: The end

    func remove(_ socket: Socket, reason: DisconnectReason) {
        guard let index = self.sockets.firstIndex(where: { $0 === socket }) else { return }
        self.sockets.remove(at: index)
        socket.didDisconnect(reason)
    }

    func session(_ session: EngineSession, closed reason: CloseReason) {
        self.isClosed = true
        self.connectTimer?.stop()
        self.connectTimer = nil
        let sockets = self.sockets
        self.sockets = []
        for socket in sockets { socket.didDisconnect(.connection(reason)) }
    }
}
