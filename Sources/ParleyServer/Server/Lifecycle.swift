import Chat
import Logging
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// Runs the parts of the server until the process is told to stop (SIGTERM or SIGINT), and ends them in the right order.
struct Lifecycle {
    let chat: Chat
    let http: HTTPServer
    let realtime: RealtimeServer
    let metrics: MetricsServer?
    let certificates: CertificateFiles?
    let readiness: Readiness
    /// nil: nobody is told when the server is ready, stops or hangs.
    let serviceManager: ServiceManager?
    /// How long `/ready` says that the server is stopping before its port closes.
    let grace: Duration
    /// How long sockets may take to go to other servers.
    let drainTime: Duration
    let logger: Logger

    /// How long sockets, requests and accepted messages may take to end after a stop was asked for.
    private static let endTime: Duration = .seconds(20)

    func run() async throws {
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger)
        configuration.maximumGracefulShutdownDuration = grace + drainTime + Self.endTime
        try await ServiceGroup(configuration: configuration).run()
    }

    /// In the order in which they start. They stop in reverse.
    private var services: [any Service] {
        var services: [any Service] = []
        if let certificates { services.append(certificates) }
        services += [
            // Stopped last, so that what sockets and requests hand over is still written.
            UntilShutdown { try await chat.run() },
            UntilShutdown { await chat.sweep.run() },
            http, realtime,
            AtShutdown { chat.refusePasswords() },
        ]
        if let metrics { services.append(metrics) }
        if let serviceManager, let period = serviceManager.watchdog {
            services.append(
                Watchdog(
                    manager: serviceManager, period: period, eventLoops: MultiThreadedEventLoopGroup.singleton))
        }
        // Stopped first: a load balancer sees it and sends no more requests before the port closes.
        services.append(
            AtShutdown {
                readiness.drain()
                chat.nodes.beginDraining()
                serviceManager?.notify(.stopping)
                try? await Task.sleep(for: grace)
            })
        return services
    }
}

/// Work that is cancelled when a stop is asked for, and may then take its time to end.
private struct UntilShutdown: Service {
    let work: @Sendable () async throws -> Void

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await work() }
        } catch is CancellationError {
            // The work was waiting for its next turn.
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
