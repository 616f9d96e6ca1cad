import Synchronization

/// A histogram as Prometheus has it: for each bound, how many values were at most that large, and the sum of all.
public final class Histogram: Sendable {
    public struct Snapshot: Sendable {
        /// How many values were at most as large as each bound.
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

    package init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: bounds.map { _ in 0 }))
    }

    package func record(_ value: Double) {
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
