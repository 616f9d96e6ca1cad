import Foundation
import Glibc

/// A child process of which this one keeps nothing but its id: started in a session of its own, so that a Ctrl-C in the
/// terminal reaches the server only, which then stops its children in order.
struct ChildProcess: Sendable {
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    /// `POSIX_SPAWN_SETSID` of POSIX 2024, which glibc's header shows to GNU programs only (posix_spawn(3)).
    private static let newSession: Int16 = 0x80

    let pid: pid_t

    /// - Parameters:
    ///   - descriptors: what the child finds under these numbers, the lowest there are; everything else is closed, above all
    ///     the listening socket, which would otherwise outlive the server in its child.
    ///   - environment: the whole environment of the child.
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
            throw Failed(description: "\(arguments[0]) cannot be started: \(String(cString: strerror(code)))")
        }
        self.pid = pid
    }

    /// Every open descriptor closes itself when a program is started; `posix_spawn_file_actions_addclosefrom_np`, which
    /// would say so for one child, is not among what Swift sees of glibc.
    private static func keepDescriptorsFromChildren() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            guard let descriptor = Int32(name), descriptor > 2 else { continue }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    /// Waits, on a thread of its own, until the process has ended; its status as `waitpid` gives it.
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
