import DequeModule

/// Requests that are not sent yet, in order. Settled ones stay in place until they are passed or swept out.
/// Belongs to the I/O thread; the bound on its length is the client's `maxQueuedQueries`.
struct RequestQueue {
    private var requests: Deque<Request> = []

    var isEmpty: Bool { requests.isEmpty }

    mutating func append(_ request: Request) {
        request.phase = .waiting
        requests.append(request)
    }

    /// Back to the front, for a request that is to run again.
    mutating func prepend(_ request: Request) {
        request.phase = .waiting
        requests.prepend(request)
    }

    /// The next request that somebody still waits for.
    mutating func next() -> Request? {
        while let request = requests.popFirst() {
            if request.phase == .waiting { return request }
        }
        return nil
    }

    /// Fails what is overdue, forgets what is settled, and answers the earliest deadline of the rest.
    mutating func sweep(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        var earliest: ContinuousClock.Instant?
        requests.removeAll { request in
            guard request.phase == .waiting else { return true }
            if request.deadline <= now {
                request.settle(.failure(PostgresError(.timedOut, "the query waited too long for a connection")))
                return true
            }
            earliest = min(earliest ?? request.deadline, request.deadline)
            return false
        }
        return earliest
    }

    mutating func failAll(_ error: PostgresError) {
        while let request = next() { request.settle(.failure(error)) }
    }
}
