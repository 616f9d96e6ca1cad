import Chat
import Crypto
import EngineIO
import Foundation
import Hummingbird
import HummingbirdTLS
public import Logging
import Media
import NIOCore
import NIOPosix
import NIOSSL
import PostgresClient
import ServiceLifecycle
import SocketIO
import UnixSignals

/// The whole server: what is opened here is closed here, in reverse order.
public enum Server {
    /// How long sockets, requests and accepted messages may take to end after a stop was asked for.
    private static let drainTime: Duration = .seconds(20)

    /// Serves until the process is told to stop (SIGTERM or SIGINT).
    /// - Throws: a setting, a migration or a start that cannot work, each with one sentence that says so.
    public static func run(_ configuration: ServerConfiguration, logger: Logger) async throws {
        Heap.keepBuffers()
        let descriptors = Descriptors.raisingLimit()
        let lock = try StorageLock(configuration.storageDirectory)
        defer { withExtendedLifetime(lock) {} }
        if let url = configuration.databaseURL { try await Schema.refuseSharedSessions(url) }
        // The log begins here: a start that is refused before this is one line on standard error.
        logger.info("Parley \(Version.current)")
        for warning in configuration.warnings { logger.warning("\(warning)") }
        try await EmbeddedPostgres.withDatabase(configuration, logger: logger) { connectionString in
            try await Schema.migrate(connectionString, directory: configuration.migrationsDirectory, logger: logger)
            let database = ChatDatabase(
                main: try PostgresClient(configuration: .parley(connectionString), logger: logger),
                searches: try PostgresClient(configuration: .searches(connectionString), logger: logger),
                lists: try PostgresClient(configuration: .lists(connectionString), logger: logger))
            do {
                try await database.start()
                try await serve(configuration, database: database, descriptors: descriptors, logger: logger)
            } catch {
                await database.close()
                throw error
            }
            await database.close()
        }
    }

    /// Migrates the database and ends.
    public static func migrate(_ configuration: ServerConfiguration, logger: Logger) async throws {
        // Only the private cluster is this process's to start, and so needs the storage to itself.
        let lock = configuration.databaseURL == nil ? try StorageLock(configuration.storageDirectory) : nil
        defer { withExtendedLifetime(lock) {} }
        try await EmbeddedPostgres.withDatabase(configuration, logger: logger) { connectionString in
            try await Schema.refuseSharedSessions(connectionString)
            try await Schema.migrate(connectionString, directory: configuration.migrationsDirectory, logger: logger)
        }
    }

    private static func clamdScanner(_ configuration: ServerConfiguration) throws -> ClamdScanner? {
        guard let address = configuration.clamdAddress else { return nil }
        guard let scanner = ClamdScanner(address: address) else {
            throw ServerConfiguration.Invalid(
                description: "CLAMD_ADDRESS: \(address) is neither host:port nor the path of a socket")
        }
        return scanner
    }

    private static func serve(
        _ configuration: ServerConfiguration, database: ChatDatabase, descriptors: Descriptors, logger: Logger
    ) async throws {
        let secret = try Secret.load(configuration.jwtSecret, storage: configuration.storageDirectory)
        let previousSecret = configuration.jwtSecretPrevious.map { SymmetricKey(data: Data($0.utf8)) }
        let media = MediaConfiguration.parley(configuration)
        let files = NIOThreadPool(numberOfThreads: media.ioThreads)
        files.start()
        try Sniffer.prepare(threads: media.ioThreads)
        let workers = MediaWorkers(media, logger: logger)
        let scanner = try clamdScanner(configuration)
        let storage = Storage(
            blobs: try BlobStore(directory: media.directory, threads: files), workers: workers,
            scanner: scanner.map { .init(clamd: $0, isOptional: configuration.clamdUnreachable == .accept) },
            maximumBytes: configuration.maxUploadBytes, quotaBytes: configuration.userQuotaBytes)

        let origins = OriginPolicy(configuration)
        let limits = RateLimits(isEnabled: configuration.rateLimits)
        if !limits.isEnabled { logger.warning("RATE_LIMITS is off: nothing is limited") }
        let proxies = try TrustedProxies(configuration.trustedProxies)
        let shares =
            limits.isEnabled
            ? ConnectionShares(limit: configuration.connectionsPerAddress ?? descriptors.forOneAddress) : nil
        let hub = Hub(
            configuration: .parley(origins: origins, limits: limits, proxies: proxies, shares: shares), logger: logger)
        let chat = Chat(
            database: database, storage: storage, userTextQuotaBytes: configuration.userTextQuotaBytes,
            orphanHours: configuration.orphanHours, linkSecret: secret,
            previousLinkSecret: previousSecret, events: hub, logger: logger)
        try await chat.prepare()
        let tokens = await AccessTokens(
            secret: secret, previous: previousSecret, gate: chat.accounts.gate)
        hub.serve(chat, tokens: tokens, limits: limits, proxies: proxies)

        let readiness = Readiness()
        let web = WebClient(directory: configuration.webDirectory)
        if !web.isBuilt {
            logger.warning(
                "no web client is built; `make web` builds it",
                metadata: ["directory": "\(configuration.webDirectory.path)"])
        }
        let router = Router(context: RequestEnvironment.self)
        router.addMiddleware {
            HeadRequests()
            Provenance(
                proxies: proxies, origins: origins, strictTransportSeconds: configuration.strictTransportSeconds)
            CrossOrigin(policy: origins)
            TusVersion()
            ProblemMiddleware()
            WebClientMiddleware(client: web)
            Admission(tokens: tokens, limits: limits)
        }
        OperationRoutes(
            database: DatabaseProbe(database: database.main), storageDirectory: configuration.storageDirectory,
            readiness: readiness,
            openAPI: ByteBuffer(bytes: PackageResources.openapi_yaml)
        ).register(on: router)
        AuthRoutes(
            accounts: chat.accounts, people: chat.people, tokens: tokens,
            cookie: RefreshCookie(), devices: DeviceCookie(secret: secret, previous: previousSecret),
            limits: LogInLimits(limits: limits)
        ).register(on: router)
        SocketClientRoutes().register(on: router)
        UserRoutes(people: chat.people, blocks: chat.blocks).register(on: router)
        ConversationRoutes(conversations: chat.conversations).register(on: router)
        MessageRoutes(messages: chat.messages).register(on: router)
        UploadRoutes(
            uploads: chat.uploads,
            tus: TusRoutes(uploads: chat.resumableUploads, maximumBytes: configuration.maxUploadBytes),
            embeddable: !configuration.corsOrigins.isEmpty
        ).register(on: router)

        let guardListener: GuardListener = { channel, shares in
            await AcceptGate.install(
                on: channel, descriptors: descriptors, shares: shares, proxies: proxies, logger: logger)
        }
        let certificates = try CertificateFiles(configuration, logger: logger)
        let screening = RequestScreening(publicOrigin: configuration.publicOrigin, limits: limits, proxies: proxies)
        var application = Application(
            router: router,
            server: try hub.httpServer(
                configuration, screening: screening, tls: certificates, shares: shares, proxies: proxies),
            configuration: .init(
                address: .hostname(configuration.host, port: configuration.port), serverName: nil, backlog: 1024),
            onServerRunning: { channel in
                await guardListener(channel, shares)
                announce(channel, configuration)
            },
            logger: logger)
        application.logger.logLevel = max(logger.logLevel, .notice)
        let grace = Duration.seconds(configuration.readyGrace)
        var lifecycle = ServiceGroupConfiguration(
            services: (certificates.map { [.init(service: $0)] } ?? []) + [
                // Stopped last: what the sockets and requests below hand over is still written.
                .init(service: Draining { try await chat.run() }),
                .init(service: Draining { await chat.sweep.run() }),
                .init(service: application),
                .init(service: hub),
                .init(service: AtShutdown { chat.refusePasswords() }),
            ] + metricsServer(configuration, chat.metrics, hub, database.main, limits, guardListener, logger) + [
                // First of all: a balancer sees it, and sends no more, before the port closes.
                .init(
                    service: AtShutdown {
                        readiness.drain()
                        try? await Task.sleep(for: grace)
                    })
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        lifecycle.maximumGracefulShutdownDuration = grace + drainTime
        do {
            try await ServiceGroup(configuration: lifecycle).run()
        } catch {
            await close(workers, files)
            guard let error = error as? IOError, error.errnoCode == EADDRINUSE || error.errnoCode == EACCES else {
                throw error
            }
            let why = error.errnoCode == EADDRINUSE ? "is in use" : "needs privileges"
            throw ServerConfiguration.Invalid(
                description: "HOST, PORT: \(configuration.host):\(configuration.port) \(why)")
        }
        await close(workers, files)
    }

    /// Keeps what a listening socket accepts within bounds.
    private typealias GuardListener = @Sendable (any Channel, ConnectionShares?) async -> Void

    /// The numbers, on a port of their own that need not be public.
    private static func metricsServer(
        _ configuration: ServerConfiguration, _ metrics: ChatMetrics, _ hub: Hub, _ database: PostgresClient,
        _ limits: RateLimits, _ guardListener: @escaping GuardListener, _ logger: Logger
    ) -> [ServiceGroupConfiguration.ServiceConfiguration] {
        guard let port = configuration.metricsPort else { return [] }
        let router = Router(context: RequestEnvironment.self)
        router.addMiddleware {
            HeadRequests()
            ProblemMiddleware()
        }
        router.route(
            "/metrics",
            [
                .get: { _, _ in
                    Response(
                        status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                        body: .init(
                            byteBuffer: ByteBuffer(
                                string: MetricsText.make(metrics, hub.server.engine.metrics, database))))
                }
            ])
        // By whatever name Prometheus calls it.
        let screening = RequestScreening(publicOrigin: nil, limits: limits, proxies: TrustedProxies.none)
        var application = Application(
            router: router,
            server: .http1(endpoints: [], configuration: .parley(configuration), screening: screening.rules),
            configuration: .init(address: .hostname(configuration.host, port: port), serverName: nil),
            onServerRunning: { channel in await guardListener(channel, nil) },
            logger: logger)
        application.logger.logLevel = max(logger.logLevel, .notice)
        return [.init(service: application)]
    }

    private static func close(_ workers: MediaWorkers, _ files: NIOThreadPool) async {
        await workers.shutdown()
        try? await files.shutdownGracefully()
    }

    /// The one line on standard output: where the server is.
    private static func announce(_ channel: any Channel, _ configuration: ServerConfiguration) {
        let scheme = configuration.tlsCertificate == nil ? "http" : "https"
        let port = channel.localAddress?.port ?? configuration.port
        let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
        print("Parley is at \(scheme)://\(host):\(port)")
        fflush(nil)
    }
}

/// Work that goes on until a stop is asked for, and then ends by itself.
private struct Draining: Service {
    let work: @Sendable () async throws -> Void

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await work() }
        } catch is CancellationError {
            // How work that waits for its next turn ends.
        }
    }
}

/// Something to do as soon as a stop is asked for.
private struct AtShutdown: Service {
    let action: @Sendable () async -> Void

    func run() async throws {
        try? await gracefulShutdown()
        await action()
    }
}

extension PostgresConfiguration {
    static func parley(_ connectionString: String) -> PostgresConfiguration {
        var configuration = PostgresConfiguration(connectionString: connectionString)
        // Changes that meet somebody else's lock try again (`ChangeQueue`, `MessageLane`): nobody waits behind them.
        configuration.lockTimeout = .milliseconds(250)
        configuration.transactionConnections = 8
        // Moderation's triggers leave alone what the server itself writes. Compiling a query takes longer than any of
        // these queries. A page found by an index costs hardly more than the next one of a table: the default is a
        // spinning disk's, for which the planner reads whole tables. And a plan is made once: left to itself, the server
        // plans each small batch of messages anew, which takes three times as long as storing it; the few queries whose
        // best plan depends on their values say so.
        configuration.sessionParameters = [
            "parley.server": "on", "jit": "off", "random_page_cost": "1.1", "plan_cache_mode": "force_generic_plan",
        ]
        return configuration
    }

    /// For questions that may take long: one at a time on each of a few connections, for a short time, without help of
    /// other processes.
    private static func reading(_ connectionString: String, connections: Int) -> PostgresConfiguration {
        var configuration = parley(connectionString)
        configuration.connections = connections
        configuration.transactionConnections = 0
        configuration.maxPipelinedQueries = 1
        configuration.queryTimeout = .seconds(3)
        configuration.sessionParameters["max_parallel_workers_per_gather"] = "0"
        return configuration
    }

    static func searches(_ connectionString: String) -> PostgresConfiguration {
        reading(connectionString, connections: max(2, min(4, ProcessInfo.processInfo.activeProcessorCount / 2)))
    }

    static func lists(_ connectionString: String) -> PostgresConfiguration { reading(connectionString, connections: 4) }
}

extension MediaConfiguration {
    static func parley(_ configuration: ServerConfiguration) -> MediaConfiguration {
        var media = MediaConfiguration(
            directory: configuration.storageDirectory.appending(path: "uploads").path,
            workerExecutable: CommandLine.executablePath, workerArguments: [MediaWorker.argument])
        // Cleaned it may be somewhat larger, in another container, or written anew.
        media.limits.fileBytes = max(media.limits.fileBytes, 2 * configuration.maxUploadBytes)
        return media
    }
}

extension CommandLine {
    /// This program, whatever it was called by.
    fileprivate static var executablePath: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? arguments[0]
    }
}
