import Synchronization

/// Collects work while a worker is busy, and hands it to the worker in batches, one at a time.
///
/// A single request is worked on at once. Requests that arrive meanwhile wait, and form the next batch.
/// `Waiting` is whatever holds them: a queue, or a table in which requests for the same thing are joined.
package final class Batcher<Waiting: Sendable, Batch: Sendable>: Sendable {
    private struct State {
        var waiting: Waiting
        var isBusy = false
    }

    private let state: Mutex<State>
    private let next: @Sendable (inout Waiting) -> Batch?

    /// - Parameter next: Removes the next batch, or returns nil if nothing waits.
    package init(_ waiting: Waiting, next: @escaping @Sendable (inout Waiting) -> Batch?) {
        state = Mutex(State(waiting: waiting))
        self.next = next
    }

    /// Changes what waits. The worker is not started: use this for changes that add no work.
    package func update<Result: Sendable>(_ change: (inout Waiting) -> Result) -> Result {
        state.withLock { change(&$0.waiting) }
    }

    /// Changes what waits, and starts the worker if it is idle.
    ///
    /// - Parameters:
    ///   - change: Returns whether there is work.
    ///   - work: Called with one batch at a time, until nothing waits.
    /// - Returns: What `change` returns.
    @discardableResult
    package func submit(
        _ change: (inout Waiting) -> Bool, work: @escaping @Sendable (Batch) async -> Void
    ) -> Bool {
        let (hasWork, starts) = state.withLock { state in
            let hasWork = change(&state.waiting)
            let starts = hasWork && !state.isBusy
            if starts { state.isBusy = true }
            return (hasWork, starts)
        }
        if starts {
            Task {
                while let batch = takeNext() { await work(batch) }
            }
        }
        return hasWork
    }

    private func takeNext() -> Batch? {
        state.withLock { state in
            let batch = next(&state.waiting)
            state.isBusy = batch != nil
            return batch
        }
    }
}
