import ArgumentParser
import EngineIO
import EngineIOHummingbird
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import SocketIO

/// Echoes over Socket.IO, bare Engine.IO and plain WebSocket: for conformance suites, and as the libraries' example.
@main
struct EchoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "socketio-echo",
        abstract: "Echo over Socket.IO (/socket.io/), Engine.IO (/engine.io/) and WebSocket (/ws) on 127.0.0.1."
    )

    @Option(help: "The port; 0 chooses a free one, which the log then tells.")
    var port = 3000

    @Option(help: "Milliseconds between a pong and the next ping.")
    var pingInterval: Int64 = 300

    @Option(help: "Milliseconds to wait for a pong.")
    var pingTimeout: Int64 = 200

    @Option(help: "Bytes of one message or polling body.")
    var maxPayload = 1_000_000

    @Option(help: "Milliseconds a client may take to join a namespace.")
    var connectTimeout: Int64 = 1000

    @Option(help: "The origin that browsers may read answers from, or * for any.")
    var cors = "*"

    @Flag(help: "Offer permessage-deflate.")
    var deflate = false

    @Option(help: "Bytes that may wait for one client.")
    var maxOutbound = 1 << 20

    @Flag(help: "Send each `message` to everybody, and acknowledge it: for measuring fan-out.")
    var broadcast = false

    func run() async throws {
        var logger = Logger(label: "socketio-echo")
        logger.logLevel = .notice
        let group = MultiThreadedEventLoopGroup.singleton

        let io = SocketIOServer(configuration: socketIO, eventLoopGroup: group, logger: logger)
        for name in ["/", "/custom"] { echo(in: io.namespace(name)) }

        let engine = EngineServer(configuration: self.engine("/engine.io/"), eventLoopGroup: group, logger: logger) {
            _ in
            EngineEcho()
        }
        let webSocket = WebSocketEndpoint(
            path: "/ws",
            permessageDeflate: deflate ? .enabled(threshold: 0) : .disabled
        ) { $0 }

        let port = self.port
        let app = Application(
            router: Router(),
            server: .http1(endpoints: [io.endpoint, .engineIO(engine), .webSocket(webSocket)]),
            configuration: .init(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { [logger] channel in
                logger.notice("listening on 127.0.0.1:\(channel.localAddress?.port ?? port)")
            },
            eventLoopGroupProvider: .shared(group),
            logger: logger
        )
        try await app.runService()
    }

    private var socketIO: SocketIOConfiguration {
        var configuration = SocketIOConfiguration()
        configuration.engine = engine("/socket.io/")
        configuration.connectTimeout = .milliseconds(connectTimeout)
        return configuration
    }

    private func engine(_ path: String) -> EngineConfiguration {
        var configuration = EngineConfiguration(path: path)
        configuration.pingInterval = .milliseconds(pingInterval)
        configuration.pingTimeout = .milliseconds(pingTimeout)
        configuration.maxPayload = maxPayload
        configuration.maxOutboundBytes = maxOutbound
        let cors = self.cors
        configuration.cors = cors == "*" ? .any : .allowing { $0 == cors }
        configuration.permessageDeflate = deflate ? .enabled() : .disabled
        return configuration
    }

    private func echo(in namespace: Namespace) {
        let broadcasts = broadcast
        namespace.onAdmission { request in .accept(userInfo: request.auth) }
        namespace.onConnect { socket in
            if let auth = socket.userInfo as? JSONFragment { socket.emit("auth", [auth]) }
        }
        namespace.on("message") { socket, event in
            guard broadcasts else {
                return socket.emit("message-back", event.arguments, attachments: event.attachments)
            }
            socket.namespace.emit("message-back", event.arguments, attachments: event.attachments)
            event.acknowledgement?([])
        }
        namespace.on("message-with-ack") { _, event in
            event.acknowledgement?(event.arguments, attachments: event.attachments)
        }
    }
}

/// Sends back what it receives.
private final class EngineEcho: EngineSessionDelegate {
    func session(_ session: EngineSession, received message: EngineMessage) {
        session.send(EncodedPacket(message))
    }

    func session(_ session: EngineSession, closed reason: CloseReason) {}
}
