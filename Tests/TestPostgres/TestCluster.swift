import Foundation
import Glibc
import Synchronization

/// A private PostgreSQL for tests: a fresh cluster in a temporary directory, on a Unix socket only, as an unprivileged
/// account when the tests run as root. It ends with the process, however that ends.
///
/// Set `PARLEY_TEST_POSTGRES` to the connection string of a throwaway cluster to use that instead of `shared`.
public final class TestCluster: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private struct State {
        var server: ServerProcess?
        var databases = 0
    }

    private let directory: String
    private let external: String?
    private let state = Mutex(State())

    /// The cluster that all tests of the process share; made at the first use.
    public static let shared: Result<TestCluster, any Error> = Result { try TestCluster() }

    /// A new cluster of a test's own, for tests that kill it.
    public static func start() throws -> TestCluster { try TestCluster(external: nil) }

    private convenience init() throws {
        try self.init(external: ProcessInfo.processInfo.environment["PARLEY_TEST_POSTGRES"])
    }

    private init(external: String?) throws {
        self.external = external
        guard external == nil else {
            directory = ""
            return
        }
        directory = try Self.makeDirectory()
        let data = "\(directory)/data"
        try Command.run(
            Self.binary("initdb"),
            ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])
        try start()
    }

    // MARK: Life

    public func start() throws {
        let server = try ServerProcess(
            executable: Self.binary("postgres"),
            arguments: [
                "-D", "\(directory)/data", "-k", directory, "-c", "listen_addresses=", "-c", "fsync=off",
                "-c", "max_connections=500", "-c", "shared_buffers=16MB", "-c", "autovacuum=off", "-c",
                "log_min_messages=fatal",
            ],
            log: "\(directory)/log", directory: directory)
        state.withLock { $0.server = server }
        try waitUntilReady(server)
    }

    /// Ends the server as a crash would: no answer to anybody, recovery at the next start.
    public func crash() {
        state.withLock { $0.server }?.end(signal: SIGQUIT)
    }

    /// Suspends every process of the server, so that connections stay and nothing answers; or lets them go on.
    public func suspend(_ isSuspended: Bool) {
        guard let server = state.withLock({ $0.server }) else { return }
        server.signalGroup(isSuspended ? SIGSTOP : SIGCONT)
    }

    public func stop() {
        state.withLock { $0.server }?.end(signal: SIGINT)
        // The directory is this process's own, made in makeDirectory().
        if !directory.isEmpty { try? FileManager.default.removeItem(atPath: directory) }
    }

    private func waitUntilReady(_ server: ServerProcess) throws {
        let deadline = ContinuousClock.now + .seconds(300)
        while ContinuousClock.now < deadline {
            if (try? Command.run(Self.binary("pg_isready"), ["-q", "-h", directory])) != nil { return }
            guard server.isRunning else { break }
            usleep(20_000)
        }
        let log = (try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)) ?? ""
        throw Failure(description: "PostgreSQL did not start: \(log.suffix(2000))")
    }

    // MARK: Databases

    /// The connection string of a new database, empty or a copy of a template that nobody is connected to.
    public func makeDatabase(template: String? = nil) throws -> String {
        let number = state.withLock { state in
            state.databases += 1
            return state.databases
        }
        let name = "test_\(getpid())_\(number)"
        let source = template.map { " TEMPLATE \"\($0)\"" } ?? ""
        try execute("CREATE DATABASE \"\(name)\"\(source)")
        return connectionString(database: name)
    }

    /// Drops a database of this cluster, and ends its connections.
    public func dropDatabase(_ connectionString: String) throws {
        try execute("DROP DATABASE \"\(Self.databaseName(in: connectionString))\" WITH (FORCE)")
    }

    /// The name of the database that a connection string of this cluster leads to, for `makeDatabase(template:)`.
    public static func databaseName(in connectionString: String) -> String {
        String(connectionString.split(separator: " ").last?.dropFirst("dbname=".count) ?? "")
    }

    public func connectionString(database: String) -> String {
        "\(external ?? "host=\(directory) user=postgres") dbname=\(database)"
    }

    /// Runs SQL as the superuser with psql, and answers what it prints.
    @discardableResult
    public func execute(_ sql: String, database: String = "postgres") throws -> String {
        try Command.run(
            Self.binary("psql"),
            [
                "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d",
                connectionString(database: database), "-c", sql,
            ])
    }

    // MARK: Places

    private static func makeDirectory() throws -> String {
        var template = Array("/tmp/parley-postgres-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(description: "mkdtemp failed") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if let account = Account.unprivileged, chown(path, account.user, account.group) != 0 {
            throw Failure(description: "chown failed")
        }
        return path
    }

    /// The newest installed version's program.
    private static func binary(_ name: String) throws -> String {
        let root = "/usr/lib/postgresql"
        let versions = try FileManager.default.contentsOfDirectory(atPath: root).compactMap { Int($0) }
        guard let newest = versions.max() else { throw Failure(description: "no PostgreSQL in \(root)") }
        return "\(root)/\(newest)/bin/\(name)"
    }
}
