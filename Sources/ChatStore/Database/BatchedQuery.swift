import ChatModel
import DequeModule
import PostgresClient
import Synchronization

/// Batches questions to the database: those that arrive while a query runs go together into the next query. A thousand
/// people who connect at once cost some dozens of queries, and a single one waits for nobody. When a batch takes too long,
/// each of its questions is asked alone, and a question that is slow by itself is never batched again.
package final class BatchedQuery<Question: Hashable & Sendable, Answer: Sendable>: Sendable {
    package typealias Completion = @Sendable (Result<Answer, any Error>) -> Void

    private typealias Entry = (question: Question, complete: Completion)

    private static var maxRemembered: Int { 1000 }

    private let batcher: Batcher<Deque<Entry>, [Entry]>
    /// Questions that took too long.
    private let slow = Mutex<Set<Question>>([])
    private let capacity: Int
    private let isOrdered: Bool
    private let missing: Answer
    private let ask: @Sendable ([Question]) async throws -> [Question: Answer]

    /// - Parameters:
    ///   - capacity: How many questions may wait. One more fails with `unavailable` at once.
    ///   - maxBatch: How many are asked together.
    ///   - isOrdered: Whether questions must be asked in their order. Then none is asked alone.
    ///   - missing: The answer when `ask` has none.
    ///   - ask: Called for one batch at a time. A batch may hold a question twice.
    package init(
        capacity: Int = 50_000, maxBatch: Int = 128, isOrdered: Bool = false, missing: Answer,
        ask: @escaping @Sendable ([Question]) async throws -> [Question: Answer]
    ) {
        self.capacity = capacity
        batcher = Batcher([]) { waiting in
            let batch = Array(waiting.prefix(maxBatch))
            waiting.removeFirst(batch.count)
            return batch.isEmpty ? nil : batch
        }
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
        let isAccepted = batcher.submit { [capacity] waiting in
            guard waiting.count < capacity else { return false }
            waiting.append((question, complete))
            return true
        } work: { batch in
            await self.work(on: batch)
        }
        if !isAccepted { complete(.failure(ChatError.unavailable)) }
    }

    private func work(on batch: [Entry]) async {
        let known = slow.withLock { $0 }
        let (quick, slow) = (
            batch.filter { !known.contains($0.question) }, batch.filter { known.contains($0.question) }
        )
        for entry in slow { Task { await askAlone(entry.question, entry.complete) } }
        if !quick.isEmpty { await ask(quick) }
    }

    private func ask(_ batch: [Entry]) async {
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
            slow.withLock { _ = $0.remove(question) }
            complete(.success(answer ?? missing))
        } catch {
            if (error as? PostgresError)?.tookTooLong == true {
                slow.withLock { if $0.count < Self.maxRemembered { $0.insert(question) } }
            }
            complete(.failure(error))
        }
    }
}
