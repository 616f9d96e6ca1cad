import Foundation
import Glibc
import Logging
import PostgresClient
import Synchronization

/// The private PostgreSQL: started with the server, restarted if it dies, stopped with the server. One that a killed
/// server left behind, running or crashed, is taken over.
final class EmbeddedPostgres: Sendable {
    private enum Phase {
        case stopped
        case running(Postmaster)
        case stopping
    }

    private struct Postmaster {
        let pid: pid_t
        /// Whether this process started it. The id of a child is not reused before its exit is collected.
        let isChild: Bool
    }

    /// How long recovery after a crash may take, and the checkpoint of a shutdown.
    private static let startTimeout: Duration = .seconds(120)
    private static let stopTimeout: Duration = .seconds(30)

    private let cluster: PrivateCluster
    private let storage: URL
    private let maxConnections: Int
    private let logger: Logger
    private let phase = Mutex(Phase.stopped)
    /// Where connection strings that were handed out look for the socket, so where each postmaster after the first listens, too.
    private let socketDirectory = Mutex<String?>(nil)

    /// - Parameter maxConnections: How many the server and its commands need. Some more stay free for people.
    init(storage: URL, maxConnections: Int, logger: Logger) throws {
        self.maxConnections = max(60, maxConnections + 20)
        self.storage = storage
        self.logger = logger
        cluster = try PrivateCluster(storage: storage)
    }

    /// Runs `body` with the connection string of the configured database, or of a private one that runs meanwhile. The
    /// caller holds the lock of the storage.
    static func withDatabase<Value: Sendable>(
        _ configuration: ServerConfiguration, logger: Logger, _ body: (_ connectionString: String) async throws -> Value
    ) async throws -> Value {
        if let url = configuration.databaseURL { return try await body(url) }
        let embedded = try EmbeddedPostgres(
            storage: configuration.storageDirectory, maxConnections: configuration.concurrency.allConnections,
            logger: logger)
        do {
            let value = try await body(try await embedded.start())
            await embedded.stop()
            return value
        } catch {
            await embedded.stop()
            throw error
        }
    }

    /// Starts the cluster, and keeps it running until `stop`.
    /// - Returns: the connection string of its database.
    func start() async throws -> String {
        try await cluster.prepare(logger: logger)
        if let version = cluster.version, let newest = try? PrivateCluster.newestVersion(), newest > version {
            logger.notice(
                "PostgreSQL \(newest) is installed; parley postgres upgrade moves the private one to it, from \(version)"
            )
        }
        let (exit, socketDirectory) = try await launch()
        watch(exit)
        try await ClusterRoles.prepare(logger: logger) { role, database in
            cluster.connectionString(database: database, socketDirectory: socketDirectory, role: role)
        }
        return cluster.connectionString(database: ClusterRoles.server, socketDirectory: socketDirectory)
    }

    /// Requests a fast shutdown (postgres(1), SIGINT). If that takes too long, it requests an immediate one, from which
    /// the next start recovers.
    func stop() async {
        let running = phase.withLock { phase -> Postmaster? in
            defer { phase = .stopping }
            guard case .running(let postmaster) = phase else { return nil }
            return postmaster
        }
        guard let running, isAlive(running) else { return }
        kill(running.pid, SIGINT)
        if await !hasEnded(running, within: Self.stopTimeout) {
            logger.warning("PostgreSQL does not stop; it is ended and will recover at the next start")
            kill(running.pid, SIGQUIT)
            _ = await hasEnded(running, within: .seconds(5))
        }
    }

    /// Waits for the exit of the running postmaster.
    private typealias Exit = @Sendable () async -> Void

    /// Takes over a running postmaster or starts one, and waits until it answers.
    private func launch() async throws -> (exit: Exit, socketDirectory: String) {
        let deadline = ContinuousClock.now + Self.stopTimeout
        if let left = cluster.postmaster, isPostmaster(left.pid) {
            logger.notice("taking over the running PostgreSQL", metadata: ["pid": "\(left.pid)"])
            let postmaster = Postmaster(pid: left.pid, isChild: false)
            try enter(postmaster)
            try cluster.writeAuthentication()
            kill(left.pid, SIGHUP)
            socketDirectory.withLock { $0 = left.socketDirectory }
            try await waitUntilReady(left.socketDirectory, postmaster)
            return ({ [weak self] in _ = await self?.hasEnded(postmaster, within: nil) }, left.socketDirectory)
        }
        while cluster.isInUse {
            // Backends whose postmaster died end within moments, without a notification.
            try await Task.sleep(for: .milliseconds(50))
            guard ContinuousClock.now < deadline else {
                throw OperatorError("\(cluster.directory.path) is in use by another process")
            }
        }
        cluster.forgetPostmaster()
        try cluster.writeAuthentication()
        let socketDirectory = try socketDirectory.withLock { known in
            if let known, FileManager.default.fileExists(atPath: known) { return known }
            let made = try cluster.makeSocketDirectory()
            known = made
            return made
        }
        let settings = [
            "listen_addresses=", "unix_socket_permissions=0700",
            "unix_socket_directories=\(cluster.nameForPostmaster(socketDirectory))",
            "max_connections=\(maxConnections)",
            "shared_buffers=128MB", "synchronous_commit=on", "fsync=on", "full_page_writes=on",
            "logging_collector=on", "log_directory=log", "log_filename=postgresql-%a.log",
            "log_truncate_on_rotation=on", "log_rotation_age=1d", "log_min_messages=warning",
        ]
        let process = try cluster.run(
            "postgres", settings.flatMap { ["-c", $0] }, data: cluster.directory,
            log: storage.appending(path: "postgres.log"))
        let postmaster = Postmaster(pid: process.pid, isChild: true)
        try enter(postmaster)
        let exit = Task.detached { [self] in
            _ = await process.waitForExit()
            // The id may be reused from now on.
            phase.withLock { if case .running(let running) = $0, running.pid == process.pid { $0 = .stopped } }
        }
        try await waitUntilReady(socketDirectory, postmaster)
        return ({ await exit.value }, socketDirectory)
    }

    private func enter(_ postmaster: Postmaster) throws {
        let stopping = phase.withLock { phase in
            if case .stopping = phase { return true }
            phase = .running(postmaster)
            return false
        }
        guard !stopping else {
            kill(postmaster.pid, SIGINT)
            throw CancellationError()
        }
    }

    /// The pid in a stale `postmaster.pid` may by now be unused, or another process's, even another PostgreSQL's.
    private func isPostmaster(_ pid: pid_t) -> Bool {
        guard isRunning(pid), cluster.worksHere(pid) else { return false }
        return (try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8))?.hasPrefix("postgres") ?? false
    }

    private func isAlive(_ postmaster: Postmaster) -> Bool {
        isRunning(postmaster.pid) && (postmaster.isChild || cluster.worksHere(postmaster.pid))
    }

    private func waitUntilReady(_ socketDirectory: String, _ postmaster: Postmaster) async throws {
        let connection = cluster.connectionString(database: "postgres", socketDirectory: socketDirectory)
        let deadline = ContinuousClock.now + Self.startTimeout
        while ContinuousClock.now < deadline {
            if await PostgresClient.answers(connection) { return }
            // A postmaster does not notify anybody when it is ready. pg_ctl(1) polls as well.
            try await Task.sleep(for: .milliseconds(50))
            guard isAlive(postmaster) else {
                throw OperatorError(
                    "PostgreSQL did not start: see \(storage.path)/postgres.log and \(cluster.directory.path)/log")
            }
        }
        throw OperatorError("PostgreSQL did not answer within \(Self.startTimeout)")
    }

    /// A process that has ended stays in the table, as a zombie, until its parent collects it (proc(5)).
    private func isRunning(_ pid: pid_t) -> Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let afterName = stat.lastIndex(of: ")")
        else { return false }
        return !stat[afterName...].hasPrefix(") Z")
    }

    /// A process that is no child can only be polled.
    private func hasEnded(_ postmaster: Postmaster, within timeout: Duration?) async -> Bool {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        while isAlive(postmaster) {
            if let deadline, ContinuousClock.now > deadline { return false }
            do { try await Task.sleep(for: .milliseconds(100)) } catch { return false }
        }
        return true
    }

    /// Restarts it whenever it ends by itself, with a longer wait after each failure.
    private func watch(_ exit: @escaping Exit) {
        Task.detached { [self] in
            var exit = exit
            var pause = Duration.milliseconds(100)
            while true {
                await exit()
                if case .stopping = phase.withLock({ $0 }) { return }
                logger.error("PostgreSQL ended by itself; starting it again")
                while true {
                    do {
                        exit = try await launch().exit
                        pause = .milliseconds(100)
                        break
                    } catch is CancellationError {
                        return
                    } catch {
                        logger.error("PostgreSQL cannot be started", metadata: ["error": "\(error)"])
                        try? await Task.sleep(for: pause)
                        pause = min(pause * 2, .seconds(10))
                        if case .stopping = phase.withLock({ $0 }) { return }
                    }
                }
            }
        }
    }
}
