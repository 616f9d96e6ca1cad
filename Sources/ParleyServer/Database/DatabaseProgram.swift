import Foundation
import Glibc
import PostgresClient

/// PostgreSQL's own programs, such as `pg_dump`.
enum DatabaseProgram {
    /// Runs one of PostgreSQL's programs on a database. Its first message is the error.
    static func run(
        _ name: String, _ arguments: [String], _ connectionString: String, _ configuration: ServerConfiguration
    ) async throws {
        guard var environment = PostgresConfiguration.environment(of: connectionString) else {
            throw OperatorError("DATABASE_URL: not a PostgreSQL URL or connection string")
        }
        environment["PATH"] = "/usr/bin:/bin"
        environment["LC_ALL"] = "C.UTF-8"
        // The version that made the private cluster, or the newest for any other server.
        let programs =
            configuration.databaseURL == nil
            ? try PrivateCluster(storage: configuration.storageDirectory).programs
            : try PrivateCluster.newestPrograms()
        let program = programs.appending(path: name).path
        var arguments = arguments
        if let place = arguments.firstIndex(of: "--dbname=") {
            arguments[place] += environment["PGDATABASE"] ?? "parley"
        }
        let messages = FileManager.default.temporaryDirectory.appending(path: "parley-\(UUID().uuidString)")
        let log = open(messages.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer {
            close(log)
            close(null)
            unlink(messages.path)
        }
        let process = try ChildProcess(
            [program] + arguments, environment: environment, descriptors: [0: null, 1: null, 2: log])
        guard await process.waitForExit() == 0 else {
            let text = (try? String(contentsOf: messages, encoding: .utf8)) ?? ""
            throw OperatorError("\(name): \(text.split(separator: "\n").first ?? "failed")")
        }
    }
}
