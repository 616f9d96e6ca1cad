import Synchronization

/// The numbers that callers' threads and the I/O thread share.
final class ClientStatus: Sendable {
    private let connections = Atomic<Int>(0)
    private let queries = Atomic<Int>(0)

    /// Shared connections that are up.
    var openConnections: Int { connections.load(ordering: .relaxed) }

    /// Queries that wait or are under way.
    var outstandingQueries: Int { queries.load(ordering: .relaxed) }

    func connectionOpened() { connections.add(1, ordering: .relaxed) }

    func connectionLost() { connections.subtract(1, ordering: .relaxed) }

    func allConnectionsLost() { connections.store(0, ordering: .relaxed) }

    /// Counts one more query, unless the limit is reached.
    func reserve(max: Int) throws(PostgresError) {
        guard queries.add(1, ordering: .relaxed).newValue <= max else {
            release()
            throw .queueFull
        }
    }

    func release() { queries.subtract(1, ordering: .relaxed) }
}
