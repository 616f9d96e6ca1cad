import ChatModel
import DequeModule
import PostgresClient
import Synchronization

/// Batches questions to the database: those that arrive while a query runs go together into the next query. A thousand
/// people who connect at once cost some dozens of queries, and a single one waits for nobody. When a batch takes too long,
/// each of its questions is asked alone, and a question that is slow by itself is never batched again.
package final class BatchedQuery<Question: Hashable & Sendable, Answer: Sendable>: Sendable {
    package typealias Completion = @Sendable (Result<Answer, any Error>) -> Void

    private struct State {
        var waiting: Deque<(question: Question, complete: Completion)> = []
        var isAsking = false
        /// Questions that took too long by themselves.
        var slow: Set<Question> = []
    }

    private static var maximumRemembered: Int { 1000 }

    private let state = Mutex(State())
    private let capacity: Int
    private let maximumBatch: Int
    private let isOrdered: Bool
    private let missing: Answer
    private let ask: @Sendable ([Question]) async throws -> [Question: Answer]

    /// - Parameters:
    ///   - capacity: How many questions may wait. One more fails with `unavailable` at once.
    ///   - maximumBatch: How many are asked together.
    ///   - isOrdered: Whether questions must be asked in their order. Then none is asked alone.
    ///   - missing: The answer when `ask` has none.
    ///   - ask: Called for one batch at a time. A batch may hold a question twice.
    package init(
        capacity: Int = 50_000, maximumBatch: Int = 128, isOrdered: Bool = false, missing: Answer,
        ask: @escaping @Sendable ([Question]) async throws -> [Question: Answer]
    ) {
        self.capacity = capacity
        self.maximumBatch = maximumBatch
        self.isOrdered = isOrdered
        self.missing = missing
        self.ask = ask
    }

    package func callAsFunction(_ question: Question) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            submit(question) { continuation.resume(with: $0) }
        }
    }

    /// Questions are asked in the order of these calls. `complete` is called once.
    package func submit(_ question: Question, complete: @escaping Completion) {
        let (accepted, start) = state.withLock { state -> (Bool, Bool) in
            guard state.waiting.count < capacity else { return (false, false) }
            state.waiting.append((question, complete))
            defer { state.isAsking = true }
            return (true, !state.isAsking)
        }
        if !accepted { complete(.failure(ChatError.unavailable)) }
        if start { Task { await work() } }
    }

    /// Asks until nothing waits.
    private func work() async {
        while true {
            let (batch, slow, isLast) = state.withLock { state in
                let next = Array(state.waiting.prefix(maximumBatch))
                state.waiting.removeFirst(next.count)
                if next.isEmpty { state.isAsking = false }
                let known = state.slow
                return (
                    next.filter { !known.contains($0.question) }, next.filter { known.contains($0.question) },
                    next.isEmpty
                )
            }
            if isLast { return }
            for entry in slow { Task { await askAlone(entry.question, entry.complete) } }
            if !batch.isEmpty { await ask(batch) }
        }
    }

    private func ask(_ batch: [(question: Question, complete: Completion)]) async {
        do {
            let answers = try await ask(batch.map(\.question))
            for (question, complete) in batch { complete(.success(answers[question] ?? missing)) }
        } catch let error as PostgresError where error.tookTooLong && batch.count > 1 && !isOrdered {
            await withDiscardingTaskGroup { group in
                for (question, complete) in batch { group.addTask { await self.askAlone(question, complete) } }
            }
        } catch {
            for (_, complete) in batch { complete(.failure(error)) }
        }
    }

    private func askAlone(_ question: Question, _ complete: Completion) async {
        do {
            let answer = try await ask([question])[question]
            state.withLock { _ = $0.slow.remove(question) }
            complete(.success(answer ?? missing))
        } catch {
            if (error as? PostgresError)?.tookTooLong == true {
                state.withLock { if $0.slow.count < Self.maximumRemembered { $0.slow.insert(question) } }
            }
            complete(.failure(error))
        }
    }
}
