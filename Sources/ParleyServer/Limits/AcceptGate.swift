import Glibc
import Logging
import NIOCore
import WebFetch

/// Stands first behind the listening socket. It gives each address its share of connections, and accepts none while
/// file descriptors are short.
///
/// swift-nio's own `AcceptBackoffHandler` does not pause: after `EMFILE` its channel is read again at once. The event
/// loop leaves only a channel alone that does not read by itself.
final class AcceptGate: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias OutboundIn = Never

    private static let pause = TimeAmount.milliseconds(100)
    private static let silence = TimeAmount.seconds(60)

    private let descriptors: Descriptors
    /// nil: nothing is limited.
    private let shares: ConnectionShares?
    private let proxies: TrustedProxies
    private let logger: Logger
    /// Stays open, so that it can be duplicated.
    private let probe = open("/dev/null", O_RDONLY | O_CLOEXEC)
    private var resumption: Scheduled<Void>?
    private var nextWarnings: [String: NIODeadline] = [:]

    init(descriptors: Descriptors, shares: ConnectionShares?, proxies: TrustedProxies, logger: Logger) {
        self.descriptors = descriptors
        self.shares = shares
        self.proxies = proxies
        self.logger = logger
    }

    deinit {
        if probe >= 0 { Glibc.close(probe) }
    }

    /// Puts a gate before everything that the listening channel has.
    static func install(
        on channel: any Channel, descriptors: Descriptors, shares: ConnectionShares?, proxies: TrustedProxies,
        logger: Logger
    ) async {
        do {
            try await channel.eventLoop.submit {
                let gate = AcceptGate(descriptors: descriptors, shares: shares, proxies: proxies, logger: logger)
                try channel.pipeline.syncOperations.addHandler(gate, position: .first)
            }.get()
        } catch {
            // The server was told to stop, and the channel is closed already.
            logger.debug("a listening socket has no gate", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Shares

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let connection = unwrapInboundIn(data)
        if let shares, let peer = IPAddress(connection.remoteAddress), !proxies.contains(peer) {
            guard let share = shares.take(ClientAddress(peer)) else {
                warn(
                    "an address has more connections than CONNECTIONS_PER_ADDRESS",
                    ["address": "\(connection.remoteAddress?.ipAddress ?? "")"])
                return connection.close(promise: nil)
            }
            connection.closeFuture.whenComplete { _ in withExtendedLifetime(share) {} }
        }
        context.fireChannelRead(data)
    }

    // MARK: Descriptors

    func read(context: ChannelHandlerContext) {
        guard descriptors.areTaken(probing: probe) else { return context.read() }
        guard resumption == nil else { return }
        warnOfShortage()
        resume(context) { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        resumption?.cancel()
        warnOfShortage()
        // Fails only where the channel is closed.
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        resume(context) { try? context.channel.syncOptions?.setOption(.autoRead, value: true) }
    }

    private func resume(_ context: ChannelHandlerContext, _ read: @escaping () -> Void) {
        resumption = context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
            self.resumption = nil
            if self.descriptors.areTaken(probing: self.probe) { return self.resume(context, read) }
            read()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        resumption?.cancel()
        resumption = nil
        context.fireChannelInactive()
    }

    // MARK: What the operator hears

    private func warnOfShortage() {
        warn(
            "connections wait: as many descriptors are in use as connections may have",
            ["limit": "\(descriptors.limit)", "for_connections": "\(descriptors.forConnections)"])
    }

    /// At most once a minute: there may be thousands.
    private func warn(_ text: String, _ metadata: Logger.Metadata) {
        let now = NIODeadline.now()
        if let next = nextWarnings[text], now < next { return }
        nextWarnings[text] = now + Self.silence
        logger.warning("\(text)", metadata: metadata)
    }
}
