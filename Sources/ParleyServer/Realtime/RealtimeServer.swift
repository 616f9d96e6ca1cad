import Chat
import EngineIO
import Logging
import ServiceLifecycle
import SocketIO

/// The chat's Socket.IO server: admits sockets, greets them, and hands their events to the event table.
struct RealtimeServer: Service {
    private let server: SocketIOServer

    /// To be made before the first connection.
    init(
        _ server: SocketIOServer, _ broadcasts: Broadcasts, _ chat: Chat, _ policy: ClientPolicy,
        tokens: AccessTokens, logger: Logger
    ) {
        let admission = SocketAdmission(tokens: tokens, limits: policy.limits, proxies: policy.proxies)
        let greeting = SocketGreeting(
            chat: chat, joins: broadcasts.joins,
            // Half of what may wait for a client.
            maxBytes: server.configuration.engine.maxOutboundBytes / 2, logger: logger)
        let events = EventTable(chat: chat, limits: policy.limits, logger: logger)
        let namespace = broadcasts.namespace
        self.server = server
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
            chat.typing.end(of: caller.user)
            Task { await chat.presence.announceDeparture(of: caller.user) }
        }
    }

    /// Closes the sockets as soon as the server is to stop. Their clients then connect again.
    func run() async throws {
        try? await gracefulShutdown()
        await server.shutdown()
    }
}

extension Socket {
    /// Who connected, as `SocketAdmission` found out.
    var caller: Caller? { userInfo as? Caller }
}
