import Synchronization

/// Sends sockets to other servers while the database does not reach this one. A server that stops takes none of them back.
final class Draining: Sendable {
    private struct State {
        var task: Task<Void, Never>?
        var isStopping = false
    }

    private let state = Mutex(State())

    /// - Parameter begin: Begins to send sockets away, or takes them back, in place of what went on before.
    func change(_ begin: () -> Task<Void, Never>?) {
        state.withLock { state in
            guard !state.isStopping else { return }
            state.task?.cancel()
            state.task = begin()
        }
    }

    /// From now on nothing changes any more.
    func stop() { state.withLock { $0.isStopping = true } }
}
