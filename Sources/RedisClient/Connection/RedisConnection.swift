internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// One connection, from its greeting to its end.
struct RedisConnection: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<RedisHandler>

    /// Connects, greets and subscribes, within the configuration's time.
    static func open(
        _ configuration: RedisConfiguration, channels: [String] = [], on group: any EventLoopGroup,
        receive: @escaping @Sendable ([RedisEvent]) -> Void = { _ in }
    ) async throws -> RedisConnection {
        let loop = group.next()
        let ready = loop.makePromise(of: NIOLoopBound<RedisHandler>.self)
        // The channel and its promise have one event loop.
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if configuration.usesTLS {
                        try channel.pipeline.syncOperations.addHandler(try tls(configuration))
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        RedisHandler(configuration, channels: channels, ready: ready, receive: receive))
                }
            }
        let channel: any Channel
        do {
            channel = try await bootstrap.connect(host: configuration.host, port: configuration.port).get()
        } catch {
            ready.fail(error)
            throw RedisError(.unavailable, "Redis cannot be reached: \(error).")
        }
        return RedisConnection(channel: channel, handler: try await ready.futureResult.get())
    }

    private static func tls(_ configuration: RedisConfiguration) throws -> NIOSSLClientHandler {
        var settings = TLSConfiguration.makeClientConfiguration()
        settings.minimumTLSVersion = .tlsv12
        if let file = configuration.authorities { settings.trustRoots = .file(file) }
        // An address is compared with those in the certificate; it cannot be a server name.
        let isAddress = (try? SocketAddress(ipAddress: configuration.host, port: 0)) != nil
        return try NIOSSLClientHandler(
            context: NIOSSLContext(configuration: settings), serverHostname: isAddress ? nil : configuration.host)
    }

    /// `completion` is called once, on the event loop: when Redis has answered, or when the connection ends.
    func publish(
        _ messages: [RedisMessage], completion: @escaping @Sendable (Result<Void, RedisError>) -> Void
    ) {
        channel.eventLoop.execute { handler.value.publish(messages, completion) }
    }

    /// Waits until the connection has ended, and ends it when the task is canceled.
    func lastUntilCanceled() async {
        await withTaskCancellationHandler {
            try? await channel.closeFuture.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}
