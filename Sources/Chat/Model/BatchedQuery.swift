import DequeModule
import Synchronization

/// Asks the database for many at once: questions that come while a query is under way go together into the next, so
/// that a thousand people who connect at once cost some dozens of queries, and a single one waits for nobody.
final class BatchedQuery<Question: Hashable & Sendable, Answer: Sendable>: Sendable {
    typealias Completion = @Sendable (Result<Answer, any Error>) -> Void

    private struct State {
        var waiting: Deque<(question: Question, complete: Completion)> = []
        var isAsking = false
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let maximumBatch: Int
    private let missing: Answer
    private let ask: @Sendable ([Question]) async throws -> [Question: Answer]

    /// - Parameters:
    ///   - capacity: How many questions may wait; one more is answered with `unavailable` at once.
    ///   - maximumBatch: How many are asked together.
    ///   - missing: The answer to a question to which `ask` has none.
    ///   - ask: Called for one batch at a time, which may hold a question twice.
    init(
        capacity: Int = 50_000, maximumBatch: Int = 128, missing: Answer,
        ask: @escaping @Sendable ([Question]) async throws -> [Question: Answer]
    ) {
        self.capacity = capacity
        self.maximumBatch = maximumBatch
        self.missing = missing
        self.ask = ask
    }

    func callAsFunction(_ question: Question) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            submit(question) { continuation.resume(with: $0) }
        }
    }

    /// Questions are asked in the order of these calls. `complete` is called once.
    func submit(_ question: Question, complete: @escaping Completion) {
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
            let batch = state.withLock { state in
                let batch = Array(state.waiting.prefix(maximumBatch))
                state.waiting.removeFirst(batch.count)
                if batch.isEmpty { state.isAsking = false }
                return batch
            }
            if batch.isEmpty { return }
            let answers: Result<[Question: Answer], any Error>
            do {
                answers = .success(try await ask(batch.map(\.question)))
            } catch {
                answers = .failure(error)
            }
            for (question, complete) in batch { complete(answers.map { $0[question] ?? missing }) }
        }
    }
}
