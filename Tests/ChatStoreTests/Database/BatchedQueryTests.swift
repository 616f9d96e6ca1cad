import Synchronization
import Testing

@testable import ChatStore

@Suite struct BatchedQueryTests {
    private struct Failure: Error {}

    /// Answers when it is told to, and notes what it was asked.
    private final class Database: Sendable {
        private let asked = Mutex<[[Int]]>([])
        let begun = AsyncStream.makeStream(of: Void.self)
        let gate = AsyncStream.makeStream(of: Void.self)

        var batches: [[Int]] { asked.withLock { $0 } }

        func ask(_ numbers: [Int]) async throws -> [Int: Int] {
            asked.withLock { $0.append(numbers) }
            begun.continuation.yield()
            for await _ in gate.stream { break }
            if numbers.contains(13) { throw Failure() }
            return Dictionary(numbers.filter { $0 < 100 }.map { ($0, $0 * 2) }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// The answers in the order in which they were asked for; nil for a failure.
    private func answers(
        to rounds: [[Int]], maxBatch: Int = 100, capacity: Int = 100, database: Database
    ) async -> [Int?] {
        let query = BatchedQuery<Int, Int>(capacity: capacity, maxBatch: maxBatch, missing: -1) {
            try await database.ask($0)
        }
        let answers = AsyncStream.makeStream(of: (Int, Int?).self)
        let count = rounds.reduce(0) { $0 + $1.count }
        var begun = database.begun.stream.makeAsyncIterator()
        var position = 0
        for round in rounds {
            for question in round {
                let place = position
                position += 1
                query.submit(question) { answers.continuation.yield((place, try? $0.get())) }
            }
            // The next round comes while this one's query is under way.
            if round == rounds.first { await begun.next() }
        }
        for _ in 0..<count { database.gate.continuation.yield() }
        var found = Array(repeating: Int?.none, count: count)
        var left = count
        for await (place, answer) in answers.stream {
            found[place] = answer
            left -= 1
            if left == 0 { break }
        }
        return found
    }

    @Test func asksTogetherWhatComesMeanwhile() async {
        let database = Database()
        #expect(await answers(to: [[1], [2, 3, 2]], database: database) == [2, 4, 6, 4])
        #expect(database.batches == [[1], [2, 3, 2]])
    }

    @Test func aBatchHasABound() async {
        let database = Database()
        #expect(await answers(to: [[1], [2, 3, 4]], maxBatch: 2, database: database) == [2, 4, 6, 8])
        #expect(database.batches == [[1], [2, 3], [4]])
    }

    @Test func whatHasNoAnswerIsMissing() async {
        #expect(await answers(to: [[1], [200]], database: Database()) == [2, -1])
    }

    @Test func aFailureIsItsBatchsAlone() async {
        #expect(await answers(to: [[1], [13, 2]], database: Database()) == [2, nil, nil])
        #expect(await answers(to: [[13], [3]], database: Database()) == [nil, 6])
    }

    @Test func beyondItsCapacityItRefusesAtOnce() async {
        let database = Database()
        #expect(await answers(to: [[1], [2, 3, 4]], capacity: 2, database: database) == [2, 4, 6, nil])
        #expect(database.batches == [[1], [2, 3]])
    }
}
