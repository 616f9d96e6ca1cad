public import EngineIO
public import Logging
public import NIOCore
import Synchronization

/// How a Socket.IO server behaves.
public struct SocketIOConfiguration: Sendable {
    /// The sessions beneath: path, heartbeat, payload, transports, CORS, admission of handshakes.
    public var engine = EngineConfiguration(path: "/socket.io/")
    /// How long a client may stay without being in a namespace, when it never was in one.
    public var connectTimeout: TimeAmount = .seconds(45)
    public var limits = SocketLimits()

    public init() {}
}

/// What one client may make the server keep.
public struct SocketLimits: Sendable {
    /// Binary attachments of one packet.
    public var maxAttachments = 10
    /// Arguments of one event, its name included, or of one acknowledgement.
    public var maxArguments = 1000
    /// Namespaces that one connection may ask for in vain, and acknowledgements of nothing: each costs the server something.
    public var maxRefusals = 100
    /// Namespaces of one connection.
    public var maxNamespaces = 32
    /// Acknowledgements that are awaited from one socket.
    public var maxPendingAcknowledgements = 256
    /// Events of one socket that wait for their asynchronous handlers.
    public var maxQueuedEvents = 256
    /// Bytes of broadcasts that are kept back from one socket (`Socket.holdBroadcasts()`).
    public var maxHeldBytes = 256 * 1024

    public init() {}
}

/// A Socket.IO server (protocol revision 5, over Engine.IO revision 4): any client from version 3 on can connect.
///
/// Declare its namespaces and their handlers, then give `endpoint` to `HTTPServerBuilder.http1(endpoints:)` of EngineIOHummingbird.
public final class SocketIOServer: Sendable {
    public let configuration: SocketIOConfiguration
    private let namespaces = Mutex<[String: Namespace]>([:])
    private let eventLoops: [any EventLoop]
    private let makeAdapter: AdapterFactory
    private let logger: Logger
    private let eventLoopGroup: any EventLoopGroup
    private let engineBox = Mutex<EngineServer?>(nil)

    /// - Parameters:
    ///   - eventLoopGroup: The group that the HTTP server's connections run on.
    ///   - makeAdapter: Called once for each namespace.
    public init(
        configuration: SocketIOConfiguration = .init(),
        eventLoopGroup: any EventLoopGroup,
        logger: Logger,
        makeAdapter: @escaping AdapterFactory = { _, eventLoops in InMemoryAdapter(eventLoops: eventLoops) }
    ) {
        self.configuration = configuration
        self.eventLoopGroup = eventLoopGroup
        self.eventLoops = Array(eventLoopGroup.makeIterator())
        self.makeAdapter = makeAdapter
        self.logger = logger
    }

    /// The sessions beneath, with their metrics.
    public var engine: EngineServer {
        engineBox.withLock { engine in
            if let engine { return engine }
            let made = EngineServer(
                configuration: self.configuration.engine,
                eventLoopGroup: self.eventLoopGroup,
                logger: self.logger,
                onSession: { ClientConnection(session: $0, server: self) }
            )
            engine = made
            return made
        }
    }

    /// What answers the server's path.
    public var endpoint: Endpoint { .engineIO(engine) }

    /// The namespace of that name, made at the first call. Clients can join only what was made.
    ///
    /// - Parameter name: It begins with a slash, and has no comma.
    public func namespace(_ name: String = "/") -> Namespace {
        self.namespaces.withLock { namespaces in
            if let namespace = namespaces[name] { return namespace }
            let adapter = makeAdapter(name, eventLoops)
            let namespace = Namespace(name: name, adapter: adapter, logger: self.logger)
            namespaces[name] = namespace
            return namespace
        }
    }

    func existingNamespace(_ name: String) -> Namespace? {
        namespaces.withLock { $0[name] }
    }

    /// Connections, whatever namespaces they are in.
    public var connectionCount: Int { engine.sessionCount }

    /// Refuses new connections, closes all that are open, and returns when they have ended, within a bound.
    ///
    /// Clients are not sent away, they lose their connection: so they reconnect by themselves, to whom answers then.
    public func shutdown() async {
        await engine.shutdown()
    }
}
