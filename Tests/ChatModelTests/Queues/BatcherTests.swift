import ChatModel
import Testing

@Suite struct BatcherTests {
    /// A worker that finishes a batch when it is told to.
    private final class Worker: Sendable {
        let batcher = Batcher<[Int], [Int]>([]) { waiting in
            defer { waiting = [] }
            return waiting.isEmpty ? nil : waiting
        }
        let begun = AsyncStream.makeStream(of: [Int].self)
        let gate = AsyncStream.makeStream(of: Void.self)

        func submit(_ number: Int) {
            batcher.submit {
                $0.append(number)
                return true
            } work: { batch in
                await self.work(batch)
            }
        }

        func work(_ batch: [Int]) async {
            begun.continuation.yield(batch)
            for await _ in gate.stream { break }
        }

        func finish() { gate.continuation.yield() }
    }

    @Test func requestsDuringABatchFormTheNextOne() async {
        let worker = Worker()
        var begun = worker.begun.stream.makeAsyncIterator()
        worker.submit(1)
        #expect(await begun.next() == [1])
        worker.submit(2)
        worker.submit(3)
        worker.finish()
        #expect(await begun.next() == [2, 3])
        worker.finish()
        worker.submit(4)
        #expect(await begun.next() == [4])
        worker.finish()
    }

    @Test func aChangeWithoutWorkStartsNoWorker() async {
        let worker = Worker()
        var begun = worker.begun.stream.makeAsyncIterator()
        let hasWork = worker.batcher.submit { _ in
            false
        } work: {
            await worker.work($0)
        }
        #expect(!hasWork)
        #expect(
            worker.batcher.update {
                $0.append(1)
                return $0
            } == [1])
        worker.submit(2)
        #expect(await begun.next() == [1, 2], "what was added without a worker waits for the next one")
        worker.finish()
    }
}
