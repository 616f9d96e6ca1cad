import Foundation
import Glibc

/// A child process in a session of its own: Ctrl-C in a terminal reaches the server only, which then stops its children in
/// order. The server keeps only the child's id.
///
/// `swift-subprocess` (tried at 1.0.2) hands a child its standard input, output and error and closes everything else.
/// PostgreSQL needs a fourth descriptor, its data directory: it works there as another account, below folders that this
/// account cannot enter. Standard input cannot carry it, because `initdb` starts `postgres` with a pipe there.
struct ChildProcess: Sendable {
    /// `POSIX_SPAWN_SETSID` of POSIX 2024. glibc's header shows it to GNU programs only (posix_spawn(3)).
    private static let newSession: Int16 = 0x80

    let pid: pid_t

    /// - Parameters:
    ///   - environment: the whole environment of the child.
    ///   - descriptors: the child's descriptors, by their numbers there: the lowest ones. All others are closed in the
    ///     child. An inherited listening socket would outlive the server.
    init(_ arguments: [String], environment: [String: String], descriptors: [Int32: Int32]) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, source) in descriptors { posix_spawn_file_actions_adddup2(&actions, source, target) }
        Self.keepDescriptorsFromChildren()
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Self.newSession)

        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer {
            for pointer in argv { free(pointer) }
            for pointer in envp { free(pointer) }
        }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, arguments[0], &actions, &attributes, &argv, &envp)
        guard code == 0 else {
            throw OperatorError("\(arguments[0]) cannot be started: \(String(cString: strerror(code)))")
        }
        self.pid = pid
    }

    /// Marks every open descriptor as close-on-exec. Swift's view of glibc lacks
    /// `posix_spawn_file_actions_addclosefrom_np`, which does this for one child.
    private static func keepDescriptorsFromChildren() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            guard let descriptor = Int32(name), descriptor > 2 else { continue }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    /// Waits on a separate thread until the process ends.
    /// - Returns: the status, as `waitpid` gives it.
    func waitForExit() async -> Int32 {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var status: Int32 = 0
                while waitpid(pid, &status, 0) == -1, errno == EINTR {}
                continuation.resume(returning: status)
            }
        }
    }
}
