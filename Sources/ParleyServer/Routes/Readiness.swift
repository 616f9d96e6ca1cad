import Synchronization

/// Whether the server takes new work.
final class Readiness: Sendable {
    private let draining = Atomic(false)

    var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// From now on `/ready` says that the server is stopping.
    func drain() { draining.store(true, ordering: .relaxed) }
}
