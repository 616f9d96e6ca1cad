import Media
import Synchronization

/// A number that only grows.
public final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    public var value: Int { count.load(ordering: .relaxed) }

    func add(_ amount: Int = 1) { count.wrappingAdd(amount, ordering: .relaxed) }
}

/// How often a measured value was at most each of some bounds, and the sum of all: Prometheus' histogram.
public final class Histogram: Sendable {
    public struct Snapshot: Sendable {
        /// Values up to each bound, smaller ones included.
        public var cumulative: [(bound: Double, count: Int)]
        public var count: Int
        public var sum: Double
    }

    private struct State {
        var counts: [Int]
        var count = 0
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: bounds.map { _ in 0 }))
    }

    func record(_ value: Double) {
        state.withLock { state in
            if let place = bounds.firstIndex(where: { value <= $0 }) { state.counts[place] += 1 }
            state.count += 1
            state.sum += value
        }
    }

    public var snapshot: Snapshot {
        let state = state.withLock { $0 }
        var total = 0
        let cumulative = zip(bounds, state.counts).map { bound, count in
            total += count
            return (bound: bound, count: total)
        }
        return Snapshot(cumulative: cumulative, count: state.count, sum: state.sum)
    }
}

/// What the domain counts of its own work since the start.
public struct ChatMetrics: Sendable {
    let writer: MessageWriter
    let uploads: Uploads
    let workers: MediaWorkers

    /// Messages that were stored.
    public var messages: Int { writer.metrics.messages.value }
    /// Messages in one commit.
    public var batchSizes: Histogram { writer.metrics.batchSizes }
    /// Seconds that a batch's transaction took.
    public var commitSeconds: Histogram { writer.metrics.commitSeconds }
    /// Messages that wait for a commit.
    public var queuedMessages: Int { writer.queued }
    /// Bytes of files that were received whole.
    public var uploadBytes: Int { uploads.receivedBytes.value }
    /// Media workers that died at work, and that another will be started for.
    public var workerFailures: Int { workers.failures }
}
