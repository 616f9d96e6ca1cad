import EngineIOHummingbird
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// Serves the metrics on a port of their own, which need not be public.
struct MetricsServer: Service {
    private let application: any ApplicationProtocol
    private let address: (host: String, port: Int)

    init(
        _ configuration: ServerConfiguration, port: Int, policy: ClientPolicy, logger: Logger,
        text: @escaping @Sendable () -> String
    ) {
        let router = Router(context: RequestEnvironment.self)
        router.addMiddleware {
            HeadRequests()
            ProblemMiddleware()
        }
        router.route("/metrics", [.get: { _, _ in Self.answer(text()) }])
        // Without a public origin and a path: Prometheus calls this port by any name, and no proxy stands before it.
        let screening = RequestScreening(publicOrigin: nil, basePath: .root, limits: policy.limits, proxies: .none)
        var application = Application(
            router: router,
            server: .http1(endpoints: [], configuration: .parley(configuration), screening: screening.rules),
            configuration: .init(address: .hostname(configuration.host, port: port), serverName: nil),
            onServerRunning: { channel in
                await AcceptGate.install(on: channel, policy, shares: nil, logger: logger)
            },
            logger: logger)
        application.logger.logLevel = max(logger.logLevel, .notice)
        self.application = application
        address = (configuration.host, port)
    }

    func run() async throws {
        do {
            try await application.run()
        } catch let error as IOError {
            throw OperatorError("METRICS_PORT", address, error) ?? error
        }
    }

    private static func answer(_ text: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
