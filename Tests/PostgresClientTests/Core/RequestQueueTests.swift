import Synchronization
import Testing

@testable import PostgresClient

@Suite struct RequestQueueTests {
    private let now = ContinuousClock.now

    /// How requests ended, by their number.
    private final class Outcomes: Sendable {
        private let codes = Mutex<[Int: PostgresError.Code]>([:])
        var all: [Int: PostgresError.Code] { codes.withLock { $0 } }
        func record(_ number: Int, _ code: PostgresError.Code) { codes.withLock { $0[number] = code } }
    }

    private func request(_ number: Int, seconds: Int = 10, _ outcomes: Outcomes = Outcomes()) -> Request {
        let request = Request(
            [PostgresQuery(unescaped: "\(number)")], target: .shared(lane: nil), timeout: .seconds(seconds),
            deadline: now + .seconds(seconds))
        request.completion = { if case .failure(let error) = $0 { outcomes.record(number, error.code) } }
        return request
    }

    private func drain(_ queue: inout RequestQueue) -> [String] {
        var texts: [String] = []
        while let request = queue.next() { texts.append(request.queries[0].sql) }
        return texts
    }

    @Test func requestsKeepTheirOrderAndOneThatRunsAgainIsFirst() {
        var queue = RequestQueue()
        for number in 1...3 { queue.append(request(number)) }
        queue.prepend(request(0))
        #expect(drain(&queue) == ["0", "1", "2", "3"])
        #expect(queue.isEmpty)
    }

    @Test func whatIsSettledIsPassed() {
        var queue = RequestQueue()
        let cancelled = request(1)
        queue.append(cancelled)
        queue.append(request(2))
        cancelled.settle(.failure(.cancelled))
        #expect(drain(&queue) == ["2"])
    }

    @Test func aSweepFailsWhatIsOverdueAndAnswersTheNextDeadline() {
        var queue = RequestQueue()
        let outcomes = Outcomes()
        let cancelled = request(4, seconds: 2, outcomes)
        for (number, seconds) in [(1, 5), (2, 1), (3, 3)] { queue.append(request(number, seconds: seconds, outcomes)) }
        queue.append(cancelled)
        cancelled.settle(.failure(.cancelled))
        #expect(queue.sweep(now: now + .milliseconds(999)) == now + .seconds(1), "what is settled has no deadline")
        #expect(outcomes.all == [4: .cancelled])
        #expect(queue.sweep(now: now + .seconds(3)) == now + .seconds(5))
        #expect(outcomes.all == [4: .cancelled, 2: .timedOut, 3: .timedOut])
        #expect(drain(&queue) == ["1"])
        #expect(queue.sweep(now: now) == nil)
    }

    @Test func allCanBeFailedAtOnce() {
        var queue = RequestQueue()
        let outcomes = Outcomes()
        for number in 1...3 { queue.append(request(number, outcomes)) }
        queue.failAll(.closed)
        #expect(queue.isEmpty && outcomes.all == [1: .closed, 2: .closed, 3: .closed])
    }
}
