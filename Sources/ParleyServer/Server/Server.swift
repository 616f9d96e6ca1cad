import Chat
import ChatModel
import ChatStore
import ClusterBus
import EngineIO
import Foundation
public import Logging
import NIOCore
import NIOPosix
import SocketIO

/// The whole server. What is opened here is closed here, in reverse order.
public enum Server {
    /// Serves until the process is told to stop (SIGTERM or SIGINT).
    /// - Throws: A setting, a migration or a start that cannot work, each with one sentence that says so.
    public static func run(_ configuration: ServerConfiguration, logger: Logger) async throws {
        MemoryAllocator.keepFreedBuffers()
        // Before anything uses the shared event loops.
        if let loops = configuration.eventLoops { NIOSingletons.groupLoopCountSuggestion = loops }
        let descriptors = Descriptors.raisingLimit()
        let lock = try StorageLock(configuration.storageDirectory)
        defer { withExtendedLifetime(lock) {} }
        let secrets = try Secrets(configuration)
        let files = try NodeFiles(
            storage: configuration.storageDirectory, uploads: configuration.uploadsDirectory)
        let admission = NodeAdmission(configuration, secrets, files)
        if let url = configuration.databaseURL {
            try await Schema.refuseSharedSessions(url)
            try await admission.check(url, logger: logger)
        }
        // The log begins here: a start that is refused before this is one line on standard error.
        logger.info("Parley \(Version.current)")
        for warning in configuration.warnings { logger.warning("\(warning)") }
        try await EmbeddedPostgres.withDatabase(configuration, logger: logger) { connectionString in
            try await UpgradeBackup.migrate(connectionString, configuration, logger: logger)
            try await ChatDatabase.withConnections(
                to: connectionString, configuration.concurrency, logger: logger
            ) { database in
                let nodes = Nodes(
                    database: database, admission: admission, ownsDatabase: configuration.databaseURL == nil,
                    logger: logger)
                try await ServerBus.withBus(configuration, secrets, connectionString, logger: logger) { bus in
                    try await Storage.withWorkers(configuration, logger: logger) { storage in
                        try await serve(
                            configuration, secrets, descriptors, database: database, storage: storage,
                            nodes: nodes, bus: bus, files: files, logger: logger)
                    }
                }
            }
        }
    }

    /// Migrates the database and ends.
    /// - Parameter backup: whether the database is saved before.
    public static func migrate(
        _ configuration: ServerConfiguration, backup: Bool = true, logger: Logger
    ) async throws {
        // Only the private cluster is started by this process, and so needs the storage to itself.
        let lock = configuration.databaseURL == nil ? try StorageLock(configuration.storageDirectory) : nil
        defer { withExtendedLifetime(lock) {} }
        try await EmbeddedPostgres.withDatabase(configuration, logger: logger) { connectionString in
            try await Schema.refuseSharedSessions(connectionString)
            if backup {
                try await UpgradeBackup.migrate(connectionString, configuration, logger: logger)
            } else {
                try await Schema.migrate(connectionString, directory: configuration.migrationsDirectory, logger: logger)
            }
        }
    }

    private static func serve(
        _ configuration: ServerConfiguration, _ secrets: Secrets, _ descriptors: Descriptors, database: ChatDatabase,
        storage: Storage, nodes: Nodes, bus: CarriedBus?, files: NodeFiles, logger: Logger
    ) async throws {
        let policy = try ClientPolicy(configuration, descriptors: descriptors, logger: logger)
        let sockets = SocketIOServer(
            configuration: .parley(policy, nodes), eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger
        )
        let stream = ConversationStream(outlet: Broadcasts(namespace: sockets.namespace()), logger: logger)
        let names = NIOThreadPool(numberOfThreads: LinkCardSettings.threads)
        names.start()
        defer { names.shutdownGracefully { _ in } }
        var settings = Chat.Settings(configuration, secrets)
        settings.linkCards = LinkCardSettings(configuration, threads: names)
        let chat = Chat(
            database: database, storage: storage, nodes: nodes, settings: settings,
            events: stream, link: bus.map { ClusterLink(bus: $0, stream: stream, encoder: EventEncoding()) },
            logger: logger)
        nodes.countSockets { sockets.connectionCount }
        try await NodeAdmission.checkFiles(configuration, files, database, logger: logger)
        try await chat.prepare()
        try files.remember(number: nodes.identity.number)
        let tokens = await AccessTokens(
            secret: secrets.current, previous: secrets.previous, revocations: chat.accounts.revocations)
        let readiness = Readiness()
        let api = RESTAPI(
            chat, configuration, secrets, policy, tokens: tokens, readiness: readiness,
            database: DatabaseProbe(database: database.main),
            sharedLimits: SharedLimits(database: database.main, secret: secrets.current))
        let certificates = try CertificateFiles(configuration, logger: logger)
        let metrics = configuration.metricsPort.map { port in
            MetricsServer(configuration, port: port, policy: policy, logger: logger) {
                MetricsText.make(chat.metrics, chat.cluster?.metrics, bus, nodes, sockets.engine.metrics, database.main)
            }
        }
        let serviceManager = ServiceManager()
        try await Lifecycle(
            chat: chat,
            http: HTTPServer(
                configuration, router: api.router(web: WebClient(configuration, logger: logger)), sockets: sockets,
                policy: policy, certificates: certificates, serviceManager: serviceManager, logger: logger),
            realtime: RealtimeServer(
                sockets, stream, chat, policy, tokens: tokens,
                drainTime: configuration.drainTime(sockets: 0), logger: logger),
            metrics: metrics, certificates: certificates, readiness: readiness, serviceManager: serviceManager,
            grace: .seconds(configuration.readyGrace),
            drainTime: configuration.drainTime(sockets: policy.descriptors.forConnections),
            logger: logger
        ).run()
    }
}

extension ServerConfiguration {
    /// How long so many sockets may take to go to other servers. Without shared files there is no other server.
    fileprivate func drainTime(sockets: Int) -> Duration {
        sharesFiles ? .seconds(max(drainSeconds, sockets / 1000)) : .zero
    }
}

extension Chat.Settings {
    fileprivate init(_ configuration: ServerConfiguration, _ secrets: Secrets) {
        self.init(
            userTextQuotaBytes: configuration.userTextQuotaBytes, orphanHours: configuration.orphanHours,
            linkSecret: secrets.current, previousLinkSecret: secrets.previous,
            concurrency: .init(
                passwordThreads: configuration.concurrency.passwordThreads,
                messageLanes: configuration.concurrency.messageLanes, markLanes: configuration.concurrency.markLanes),
            basePath: configuration.basePath.text)
    }
}
