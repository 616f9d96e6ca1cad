internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// One connection, from its greeting to its end.
struct RedisConnection: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<RedisHandler>

    /// Connects, greets and subscribes, within the configuration's time.
    /// - Parameter resolver: Looks up the host's addresses; nil: the system.
    static func open(
        _ configuration: RedisConfiguration, channels: [String] = [], on group: any EventLoopGroup,
        resolver: (any Resolver & Sendable)? = nil, receive: @escaping @Sendable ([RedisEvent]) -> Void = { _ in }
    ) async throws -> RedisConnection {
        // Not on the event loop: it reads the authorities' certificates.
        let tls = configuration.usesTLS ? try makeTLS(configuration) : nil
        let attempts = Attempts()
        let bootstrap = ClientBootstrap(group: group)
            .resolver(resolver)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        // An address is compared with those in the certificate; it cannot be a server name.
                        let isAddress = (try? SocketAddress(ipAddress: configuration.host, port: 0)) != nil
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : configuration.host))
                    }
                    let ready = channel.eventLoop.makePromise(of: NIOLoopBound<RedisHandler>.self)
                    attempts.add(ready.futureResult, of: channel)
                    do {
                        try channel.pipeline.syncOperations.addHandler(
                            RedisHandler(configuration, channels: channels, ready: ready, receive: receive))
                    } catch {
                        ready.fail(error)
                        throw error
                    }
                }
            }
        let channel: any Channel
        do {
            channel = try await bootstrap.connect(host: configuration.host, port: configuration.port).get()
        } catch {
            throw RedisError(.unavailable, "Redis cannot be reached: \(error).")
        }
        guard let ready = attempts.ready(channel) else {
            throw RedisError(.unavailable, "The connection to Redis has ended.")
        }
        return RedisConnection(channel: channel, handler: try await ready.get())
    }

    /// A name may have several addresses. Each is tried with a channel of its own, and one of them is taken.
    private final class Attempts: Sendable {
        private let futures = Mutex<[ObjectIdentifier: EventLoopFuture<NIOLoopBound<RedisHandler>>]>([:])

        func add(_ ready: EventLoopFuture<NIOLoopBound<RedisHandler>>, of channel: any Channel) {
            futures.withLock { $0[ObjectIdentifier(channel)] = ready }
        }

        func ready(_ channel: any Channel) -> EventLoopFuture<NIOLoopBound<RedisHandler>>? {
            futures.withLock { $0[ObjectIdentifier(channel)] }
        }
    }

    private static func makeTLS(_ configuration: RedisConfiguration) throws -> NIOSSLContext {
        var settings = TLSConfiguration.makeClientConfiguration()
        settings.minimumTLSVersion = .tlsv12
        if let file = configuration.authorities { settings.trustRoots = .file(file) }
        return try NIOSSLContext(configuration: settings)
    }

    /// `completion` is called once, on the event loop: when Redis has answered, or when the connection ends.
    func publish(
        _ messages: [RedisMessage], completion: @escaping @Sendable (Result<Void, RedisError>) -> Void
    ) {
        channel.eventLoop.execute { handler.value.publish(messages, completion) }
    }

    func close() async { try? await channel.close() }

    /// Waits until the connection has ended, and ends it when the task is canceled.
    func lastUntilCanceled() async {
        await withTaskCancellationHandler {
            try? await channel.closeFuture.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}
