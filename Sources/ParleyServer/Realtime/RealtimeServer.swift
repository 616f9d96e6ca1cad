import Chat
import EngineIO
import Logging
import ServiceLifecycle
import SocketIO

/// The chat's Socket.IO server: admits sockets, greets them, and hands their events to the event table.
struct RealtimeServer: Service {
    private let server: SocketIOServer
    private let stream: ConversationStream
    private let nodes: Nodes
    private let presence: Presence
    /// Over which time the sockets of a stopping server go to the others.
    private let drainTime: Duration

    /// To be made before the first connection.
    init(
        _ server: SocketIOServer, _ stream: ConversationStream, _ chat: Chat, _ policy: ClientPolicy,
        tokens: AccessTokens, drainTime: Duration, logger: Logger
    ) {
        self.drainTime = drainTime
        nodes = chat.nodes
        presence = chat.presence
        let admission = SocketAdmission(tokens: tokens, limits: policy.limits, proxies: policy.proxies)
        let greeting = SocketGreeting(
            chat: chat, stream: stream,
            // Half of what may wait for a client.
            maxBytes: server.configuration.engine.maxOutboundBytes / 2, logger: logger)
        let events = EventTable(chat: chat, limits: policy.limits, logger: logger)
        let namespace = server.namespace()
        self.server = server
        self.stream = stream
        stream.begin { [snapshots = chat.snapshots] id, read in
            try await snapshots.read(id, since: read.since, isWhole: read.isWhole, isFirst: read.isFirst)
        }
        namespace.onAdmission { await admission.decide($0) }
        namespace.onConnect { socket in
            guard let caller = socket.caller else { return socket.disconnect(close: true) }
            greeting.welcome(socket, caller)
        }
        namespace.onEvent { socket, event in
            guard let caller = socket.caller else { return }
            events.handle(event, from: socket, caller)
        }
        namespace.onDisconnect { socket, _ in
            guard let caller = socket.caller, chat.presence.leave(caller.user) else { return }
            stream.depart(caller.user)
            chat.typing.end(of: caller.user)
            Task { await chat.presence.announceDeparture(of: caller.user) }
        }
    }

    /// Closes the sockets when the server is to stop: one after another where there are other servers for them, else at
    /// once. Their clients then connect again.
    func run() async throws {
        let draining = Draining()
        leaveSocketsToOthersWhenCutOff(draining)
        let following = Task { [stream] in await stream.run() }
        try? await gracefulShutdown()
        draining.stop()
        if drainTime > .zero, await nodes.haveOthersRoom() {
            presence.sendAway(true)
            await server.drain(over: drainTime)
        }
        await server.shutdown()
        following.cancel()
        await following.value
    }

    /// A server that the database does not reach cannot know whose sockets it must close.
    private func leaveSocketsToOthersWhenCutOff(_ draining: Draining) {
        nodes.onSockets { [server, presence, drainTime] mayStay in
            draining.change {
                presence.sendAway(!mayStay)
                if mayStay { server.setAccepting(true) }
                return mayStay ? nil : Task { await server.drain(over: drainTime) }
            }
        }
    }
}

extension Socket {
    /// Who connected, as `SocketAdmission` found out.
    var caller: Caller? { userInfo as? Caller }
}
