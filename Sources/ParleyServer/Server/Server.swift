import Chat
import ChatStore
import EngineIO
import Foundation
public import Logging
import NIOPosix
import SocketIO

/// The whole server. What is opened here is closed here, in reverse order.
public enum Server {
    /// Serves until the process is told to stop (SIGTERM or SIGINT).
    /// - Throws: A setting, a migration or a start that cannot work, each with one sentence that says so.
    public static func run(_ configuration: ServerConfiguration, logger: Logger) async throws {
        MemoryAllocator.keepFreedBuffers()
        let descriptors = Descriptors.raisingLimit()
        let lock = try StorageLock(configuration.storageDirectory)
        defer { withExtendedLifetime(lock) {} }
        if let url = configuration.databaseURL { try await Schema.refuseSharedSessions(url) }
        // The log begins here: a start that is refused before this is one line on standard error.
        logger.info("Parley \(Version.current)")
        for warning in configuration.warnings { logger.warning("\(warning)") }
        try await EmbeddedPostgres.withDatabase(configuration, logger: logger) { connectionString in
            try await Schema.migrate(connectionString, directory: configuration.migrationsDirectory, logger: logger)
            try await ChatDatabase.withConnections(
                to: connectionString, configuration.concurrency, logger: logger
            ) { database in
                try await Storage.withWorkers(configuration, logger: logger) { storage in
                    try await serve(configuration, descriptors, database: database, storage: storage, logger: logger)
                }
            }
        }
    }

    /// Migrates the database and ends.
    public static func migrate(_ configuration: ServerConfiguration, logger: Logger) async throws {
        // Only the private cluster is started by this process, and so needs the storage to itself.
        let lock = configuration.databaseURL == nil ? try StorageLock(configuration.storageDirectory) : nil
        defer { withExtendedLifetime(lock) {} }
        try await EmbeddedPostgres.withDatabase(configuration, logger: logger) { connectionString in
            try await Schema.refuseSharedSessions(connectionString)
            try await Schema.migrate(connectionString, directory: configuration.migrationsDirectory, logger: logger)
        }
    }

    private static func serve(
        _ configuration: ServerConfiguration, _ descriptors: Descriptors, database: ChatDatabase, storage: Storage,
        logger: Logger
    ) async throws {
        let secrets = try Secrets(configuration)
        let policy = try ClientPolicy(configuration, descriptors: descriptors, logger: logger)
        let sockets = SocketIOServer(
            configuration: .parley(policy), eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        let broadcasts = Broadcasts(namespace: sockets.namespace(), joins: PendingJoins())
        let chat = Chat(
            database: database, storage: storage, settings: Chat.Settings(configuration, secrets),
            events: broadcasts, logger: logger)
        try await chat.prepare()
        let tokens = await AccessTokens(
            secret: secrets.current, previous: secrets.previous, revocations: chat.accounts.revocations)
        let readiness = Readiness()
        let api = RESTAPI(
            chat, configuration, secrets, policy, tokens: tokens, readiness: readiness,
            database: DatabaseProbe(database: database.main))
        let certificates = try CertificateFiles(configuration, logger: logger)
        let metrics = configuration.metricsPort.map { port in
            MetricsServer(configuration, port: port, policy: policy, logger: logger) {
                MetricsText.make(chat.metrics, sockets.engine.metrics, database.main)
            }
        }
        try await Lifecycle(
            chat: chat,
            http: HTTPServer(
                configuration, router: api.router(web: WebClient(configuration, logger: logger)), sockets: sockets,
                policy: policy, certificates: certificates, logger: logger),
            realtime: RealtimeServer(sockets, broadcasts, chat, policy, tokens: tokens, logger: logger),
            metrics: metrics, certificates: certificates, readiness: readiness,
            grace: .seconds(configuration.readyGrace), logger: logger
        ).run()
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
