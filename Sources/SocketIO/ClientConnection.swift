import EngineIO
import NIOCore

/// A session, with the namespaces that its client has joined.
///
/// `@unchecked Sendable`: its state is touched on the session's event loop only.
final class ClientConnection: EngineSessionDelegate, @unchecked Sendable {
    let session: EngineSession
    private let server: SocketIOServer
    private var decoder: SocketPacketDecoder
    /// There are few, so searching an array is faster and smaller than a dictionary.
    private var sockets: [Socket] = []
    /// Namespaces whose admission is in progress.
    private var pending: [String] = []
    private var connectTimer: DeadlineTimer?
    /// The number of refused namespaces and of acknowledgements without an event.
    private var refusals = 0
    private var isClosed = false

    init(session: EngineSession, server: SocketIOServer) {
        self.session = session
        self.server = server
        let limits = server.configuration.limits
        decoder = SocketPacketDecoder(maxAttachments: limits.maxAttachments, maxArguments: limits.maxArguments)
        let timer = DeadlineTimer(eventLoop: session.eventLoop) { [weak self] in self?.session.close() }
        connectTimer = timer
        timer.set(session.eventLoop.now + server.configuration.connectTimeout)
    }

    // MARK: Packets

    func session(_ session: EngineSession, received message: EngineMessage) {
        guard !isClosed else { return }
        do throws(SocketPacketError) {
            if let packet = try decoder.receive(message) { receive(packet) }
        } catch {
            self.session.close(.parseError)
        }
    }

    private func receive(_ packet: SocketPacket) {
        switch packet {
        case .connect(let namespace, let auth): connect(namespace, auth: auth)
        case .disconnect(let namespace):
            guard let socket = self.socket(in: namespace) else { return session.close() }
            remove(socket, reason: .clientDisconnect)
        case .event(let namespace, let id, let name, let arguments, let attachments):
            guard let socket = self.socket(in: namespace) else { return session.close() }
            socket.receive(
                InboundEvent(
                    name: name,
                    arguments: arguments,
                    attachments: attachments,
                    acknowledgement: id.map { Acknowledgement(socket: socket, id: $0) }
                )
            )
        case .acknowledgement(let namespace, let id, let arguments, let attachments):
            guard let socket = self.socket(in: namespace) else { return session.close() }
            let reply = AcknowledgementReply(arguments: arguments, attachments: attachments)
            if !socket.receiveAcknowledgement(id, reply) { _ = mayBeRefused() }
        case .connectError: session.close()
        }
    }

    private func socket(in namespace: String) -> Socket? {
        sockets.first { $0.namespace.name == namespace }
    }

    // MARK: Connecting

    private func connect(_ name: String, auth: ByteBuffer?) {
        guard socket(in: name) == nil, !pending.contains(name) else { return session.close() }
        guard let namespace = server.existingNamespace(name) else {
            return refuse(name, "Invalid namespace")
        }
        guard sockets.count + pending.count < server.configuration.limits.maxNamespaces else {
            return refuse(name, "Too many namespaces")
        }
        let handlers = namespace.currentHandlers
        guard let admission = handlers.admission else {
            return accept(namespace, handlers, userInfo: ())
        }
        let request = ConnectRequest(
            namespace: name,
            auth: auth.map(JSONFragment.init(json:)) ?? JSONFragment(json: "{}"),
            handshake: session.handshake
        )
        pending.append(name)
        Task(executorPreference: session.executor) {
            let decision = await admission(request)
            self.session.eventLoop.runNow { self.decided(decision, namespace, handlers) }
        }
    }

    private func decided(_ decision: Admission, _ namespace: Namespace, _ handlers: Namespace.Handlers) {
        pending.removeAll { $0 == namespace.name }
        guard !isClosed else { return }
        switch decision {
        case .accept(let userInfo): accept(namespace, handlers, userInfo: userInfo)
        case .refuse(let message, let data): refuse(namespace.name, message, data: data)
        }
    }

    private func refuse(_ namespace: String, _ message: String, data: JSONFragment? = nil) {
        guard mayBeRefused() else { return }
        session.send(SocketPacketEncoder.connectError(namespace: namespace, message: message, data: data))
    }

    /// Counts a refusal. Closes the session of a client with too many.
    private func mayBeRefused() -> Bool {
        refusals += 1
        guard refusals > server.configuration.limits.maxRefusals else { return true }
        session.close()
        return false
    }

    private func accept(_ namespace: Namespace, _ handlers: Namespace.Handlers, userInfo: any Sendable) {
        connectTimer?.stop()
        connectTimer = nil
        let socket = Socket(
            id: RandomID.make(),
            namespace: namespace,
            handlers: handlers,
            userInfo: userInfo,
            connection: self,
            session: self.session,
            limits: server.configuration.limits
        )
        sockets.append(socket)
        self.session.send(SocketPacketEncoder.connected(namespace: namespace.name, sid: socket.id))
        namespace.adapter.add(socket)
        handlers.connect?(socket)
    }

    // MARK: The end

    func remove(_ socket: Socket, reason: DisconnectReason) {
        guard let index = sockets.firstIndex(where: { $0 === socket }) else { return }
        sockets.remove(at: index)
        socket.didDisconnect(reason)
    }

    func session(_ session: EngineSession, closed reason: CloseReason) {
        isClosed = true
        connectTimer?.stop()
        connectTimer = nil
        let sockets = self.sockets
        self.sockets = []
        for socket in sockets { socket.didDisconnect(.connection(reason)) }
    }
}
