import CPostgres
import Glibc

/// Owns an epoll descriptor and an eventfd. It tells the I/O thread which sockets are ready, and lets other threads
/// wake it.
///
/// Sendable: both descriptors are constants, and the kernel orders the calls on them.
final class Poller: Sendable {
    private let epoll: Int32
    private let wakeup: Int32

    private static let wakeupToken: UInt64 = 0
    static let firstToken: UInt64 = 1
    private static let maxEvents = 64

    init() throws(PostgresError) {
        let epoll = cpg_epoll_create()
        guard epoll >= 0 else { throw Self.failure("epoll_create1") }
        let wakeup = cpg_eventfd_create()
        guard wakeup >= 0 else {
            close(epoll)
            throw Self.failure("eventfd")
        }
        guard cpg_epoll_control(epoll, Int32(CPG_EPOLL_ADD), wakeup, 1, 0, Self.wakeupToken) == 0 else {
            close(epoll)
            close(wakeup)
            throw Self.failure("epoll_ctl")
        }
        self.epoll = epoll
        self.wakeup = wakeup
    }

    deinit {
        close(epoll)
        close(wakeup)
    }

    /// From any thread: makes the current or the next `wait` return.
    func wake() {
        // This fails only when the counter is full. The thread is being woken then anyway.
        _ = eventfd_write(wakeup, 1)
    }

    func add(_ socket: Int32, token: UInt64, readable: Bool, writable: Bool) throws(PostgresError) {
        try control(CPG_EPOLL_ADD, socket, token, readable, writable)
    }

    func modify(_ socket: Int32, token: UInt64, writable: Bool) throws(PostgresError) {
        try control(CPG_EPOLL_MODIFY, socket, token, true, writable)
    }

    /// Forgets a socket. A closed one is already forgotten.
    func remove(_ socket: Int32) {
        _ = cpg_epoll_control(epoll, Int32(CPG_EPOLL_REMOVE), socket, 0, 0, 0)
    }

    private func control(
        _ operation: Int, _ socket: Int32, _ token: UInt64, _ readable: Bool,
        _ writable: Bool
    ) throws(PostgresError) {
        let result = cpg_epoll_control(
            epoll, Int32(operation), socket, readable ? 1 : 0, writable ? 1 : 0, token)
        guard result == 0 else { throw Self.failure("epoll_ctl") }
    }

    /// Sleeps until a socket is ready, `wake` is called or the time is up, and calls `body` with each ready token.
    func wait(timeout: Duration?, _ body: (UInt64) -> Void) {
        // Rounded up, so that the deadline has passed after the wait.
        let milliseconds = timeout.map { Int32(clamping: max(.zero, $0).milliseconds + 1) } ?? -1
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Self.maxEvents) { tokens in
            let count = cpg_epoll_wait(epoll, tokens.baseAddress, Int32(Self.maxEvents), milliseconds)
            // Negative only for EINTR. The loop then returns here.
            for index in 0..<max(0, Int(count)) {
                let token = tokens[index]
                if token == Self.wakeupToken {
                    var value: eventfd_t = 0
                    _ = eventfd_read(wakeup, &value)
                } else {
                    body(token)
                }
            }
        }
    }

    private static func failure(_ call: String) -> PostgresError {
        PostgresError(.unavailable, "\(call): \(String(cString: strerror(errno)))")
    }
}
