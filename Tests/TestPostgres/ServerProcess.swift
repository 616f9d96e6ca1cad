import Foundation
package import Glibc
import Synchronization

/// The account that servers run as when the tests run as root, because PostgreSQL refuses root.
package struct Account {
    package let user: uid_t
    package let group: gid_t

    /// Nil if the process is not root.
    package static let unprivileged: Account? = {
        guard getuid() == 0 else { return nil }
        for name in ["postgres", "nobody"] {
            if let entry = getpwnam(name) { return Account(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid) }
        }
        return nil
    }()
}

/// One server, such as a postmaster. A thread of its own starts it and waits for it: the kernel's death signal follows the thread, not
/// the process, and threads of a pool come and go.
package final class ServerProcess: Sendable {
    private let pid: pid_t
    private let ended: Latch

    /// Servers to end when the process exits, and their directories.
    private static let running = Mutex<[pid_t: String]>([:])
    private static let installExitHandler: Void = {
        atexit { ServerProcess.endAll() }
    }()

    package init(executable: String, arguments: [String], log: String, directory: String) throws {
        _ = Self.installExitHandler
        let line = Command.line(executable, arguments, diesWithParent: true)
        let started = Mutex<Result<pid_t, any Error>?>(nil)
        let hasStarted = Latch()
        let hasEnded = Latch()
        Thread.detachNewThread {
            let result = Result { try Command.spawn(line, output: log) }
            started.withLock { $0 = result }
            hasStarted.open()
            if case .success(let pid) = result { _ = Command.wait(for: pid) }
            hasEnded.open()
        }
        hasStarted.wait()
        guard let outcome = started.withLock({ $0 }) else {
            throw TestCluster.Failure(description: "the server's thread did not answer")
        }
        let pid = try outcome.get()
        Self.running.withLock { $0[pid] = directory }
        self.pid = pid
        ended = hasEnded
    }

    package var isRunning: Bool { !ended.isOpen }

    /// Signals the server and its children.
    package func signalGroup(_ signal: Int32) {
        for child in Self.children(of: pid) { kill(child, signal) }
        kill(pid, signal)
    }

    /// Signals the server and waits for its end. Again: only waits.
    package func end(signal: Int32) {
        if Self.running.withLock({ $0.removeValue(forKey: pid) }) != nil { kill(pid, signal) }
        ended.wait()
    }

    private static func children(of pid: pid_t) -> [pid_t] {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)) ?? ""
        return text.split(separator: " ").compactMap { pid_t($0) }
    }

    private static func endAll() {
        for (pid, directory) in running.withLock({ $0 }) {
            kill(pid, SIGQUIT)
            while kill(pid, 0) == 0 { usleep(10_000) }
            try? FileManager.default.removeItem(atPath: directory)
        }
    }
}

/// A gate that opens once, for any number of waiting threads.
final class Latch: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let state = Mutex(false)

    var isOpen: Bool { state.withLock { $0 } }

    func open() {
        state.withLock { $0 = true }
        semaphore.signal()
    }

    func wait() {
        semaphore.wait()
        // For the next one who waits.
        semaphore.signal()
    }
}
