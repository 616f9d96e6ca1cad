public import EngineIO
public import Logging
public import NIOCore
import Synchronization

/// A Socket.IO server (protocol revision 5, over Engine.IO revision 4). Clients from version 3 on can connect.
///
/// Declare its namespaces and their handlers, then pass `endpoint` to `HTTPServerBuilder.http1(endpoints:)` of
/// EngineIOHummingbird.
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

    /// The Engine.IO server with the sessions and their metrics.
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

    /// The endpoint at the server's path.
    public var endpoint: Endpoint { .engineIO(engine) }

    /// The namespace of that name, made on the first call. Clients can join only existing namespaces.
    ///
    /// - Parameter name: Must start with a slash and contain no comma.
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

    /// The number of connections, in any namespaces.
    public var connectionCount: Int { engine.sessionCount }

    /// Whether new connections are accepted. Open ones go on.
    public func setAccepting(_ isAccepting: Bool) { engine.setAccepting(isAccepting) }

    /// Refuses new connections and closes the open ones evenly over `duration`, at most a thousand a second. Their clients
    /// reconnect by themselves. Ends early when the task is cancelled.
    public func drain(over duration: Duration) async { await engine.drain(over: duration) }

    /// Refuses new connections and closes all open ones. Returns when they have ended, within a time limit.
    ///
    /// Clients get no disconnect packet, so they reconnect by themselves.
    public func shutdown() async {
        await engine.shutdown()
    }
}
