import EngineIOHummingbird
import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import ServiceLifecycle
import SocketIO

/// The server on the public port: requests, and on the same port the sockets.
struct HTTPServer: Service {
    private let application: any ApplicationProtocol
    private let address: (host: String, port: Int)

    init(
        _ configuration: ServerConfiguration, router: Router<RequestEnvironment>, sockets: SocketIOServer,
        policy: ClientPolicy, certificates: CertificateFiles?, serviceManager: ServiceManager?, logger: Logger
    ) throws {
        let screening = RequestScreening(
            publicOrigin: configuration.publicOrigin, basePath: configuration.basePath, limits: policy.limits,
            proxies: policy.proxies)
        let plain = HTTPServerBuilder.http1(
            endpoints: [sockets.endpoint],
            configuration: .parley(configuration, shares: policy.shares, proxies: policy.proxies),
            screening: screening.rules)
        var application = Application(
            router: router,
            server: try certificates.map { try .tls(plain, tlsConfiguration: $0.configuration) } ?? plain,
            configuration: .init(
                address: .hostname(configuration.host, port: configuration.port), serverName: nil, backlog: 4096),
            onServerRunning: { channel in
                await AcceptGate.install(on: channel, policy, shares: policy.shares, logger: logger)
                Self.announce(channel, configuration)
                serviceManager?.notify(.ready)
            },
            logger: logger)
        application.logger.logLevel = max(logger.logLevel, .notice)
        self.application = application
        address = (configuration.host, configuration.port)
    }

    func run() async throws {
        do {
            try await application.run()
        } catch let error as IOError {
            throw OperatorError("HOST, PORT", address, error) ?? error
        }
    }

    /// Prints where the server is: the only line on standard output.
    private static func announce(_ channel: any Channel, _ configuration: ServerConfiguration) {
        let scheme = configuration.tlsCertificate == nil ? "http" : "https"
        let port = channel.localAddress?.port ?? configuration.port
        let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
        print("Parley is at \(scheme)://\(host):\(port)\(configuration.basePath.text)")
        fflush(nil)
    }
}

extension OperatorError {
    /// nil where the address is not what keeps the server from listening.
    init?(_ settings: String, _ address: (host: String, port: Int), _ error: IOError) {
        switch error.errnoCode {
        case EADDRINUSE: self.init("\(settings): \(address.host):\(address.port) is in use")
        case EACCES: self.init("\(settings): \(address.host):\(address.port) needs privileges")
        default: return nil
        }
    }
}

extension HTTP1Channel.Configuration {
    /// - Parameters:
    ///   - shares: How many connections each address may have; nil for as many as it likes.
    ///   - proxies: Whose connections are counted as their clients'.
    static func parley(
        _ configuration: ServerConfiguration, shares: ConnectionShares? = nil, proxies: TrustedProxies = .none
    ) -> HTTP1Channel.Configuration {
        let maxBytes = configuration.maxUploadBytes + MultipartParser.maxFraming
        let timeout = TimeAmount.seconds(Int64(configuration.requestTimeout))
        var http = HTTP1Channel.Configuration(idleTimeout: timeout)
        http.httpDecoder = .init(maxHeaderFieldSize: 16 * 1024, maxHeaderListSize: 64 * 1024, maxHeaderFieldCount: 100)
        http.additionalChannelHandlers = {
            let handlers: [any RemovableChannelHandler] = [
                RequestGuard(timeout: timeout), ExpectContinue(maxBytes: maxBytes),
            ]
            guard let shares, !proxies.isEmpty else { return handlers }
            return handlers + [ForwardedShare(shares: shares, proxies: proxies)]
        }
        return http
    }
}

extension AcceptGate {
    /// Puts a gate before everything that the listening channel has.
    static func install(
        on channel: any Channel, _ policy: ClientPolicy, shares: ConnectionShares?, logger: Logger
    ) async {
        await install(
            on: channel, descriptors: policy.descriptors, shares: shares, proxies: policy.proxies, logger: logger)
    }
}
