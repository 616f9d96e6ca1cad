import ChatTesting
import Synchronization
import Testing

@testable import Chat

@Suite struct SureReadingsTests {
    private struct Failure: Error {}

    /// More than are read at a time, and while the database is away.
    @Test func everythingIsReadInTheEnd() async throws {
        let failures = Mutex(3)
        let (read, reading) = AsyncStream.makeStream(of: [Int: Bool].self)
        let readings = SureReadings<Int, Bool>(maxBatch: 100, pause: .zero, logger: .silent) { batch in
            try failures.withLock { left in
                guard left == 0 else {
                    left -= 1
                    throw Failure()
                }
            }
            reading.yield(batch)
        }
        for key in 0..<2000 { readings.add([(key, true)]) }
        var seen: Set<Int> = []
        for await batch in read {
            #expect(batch.count <= 100)
            seen.formUnion(batch.keys)
            if seen.count == 2000 { break }
        }
    }

    /// One that always fails is given up in the end, and holds up no other.
    @Test func whatAlwaysFailsHoldsUpNoOther() async throws {
        let (read, reading) = AsyncStream.makeStream(of: Int.self)
        let (tried, trying) = AsyncStream.makeStream(of: Void.self)
        let readings = SureReadings<Int, Bool>(maxBatch: 10, pause: .zero, logger: .silent) { batch in
            if batch[7] != nil {
                if batch.count == 1 { trying.yield() }
                throw Failure()
            }
            for key in batch.keys { reading.yield(key) }
        }
        readings.add((0..<100).map { ($0, true) })
        var seen: Set<Int> = []
        for await key in read {
            seen.insert(key)
            if seen.count == 99 { break }
        }
        #expect(!seen.contains(7))
        var attempts = 0
        for await _ in tried {
            attempts += 1
            if attempts == SureReadings<Int, Bool>.maxAttempts { break }
        }
        // What is told after that is read at once, and without it.
        readings.add([(200, true)])
        for await key in read where key == 200 { break }
        trying.finish()
        for await _ in tried { Issue.record("it was read once more") }
    }

    @Test func theLastValueCounts() async throws {
        let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
        let (read, reading) = AsyncStream.makeStream(of: [Int: Bool].self)
        let (told, telling) = AsyncStream.makeStream(of: Void.self)
        let isFirst = Atomic(true)
        let readings = SureReadings<Int, Bool>(maxBatch: 100, pause: .zero, logger: .silent) { batch in
            reading.yield(batch)
            guard isFirst.exchange(false, ordering: .relaxed) else { return }
            beginning.finish()
            for await _ in told {}
            throw Failure()
        }
        readings.add([(1, true)])
        for await _ in begun {}
        readings.add([(1, false)])
        telling.finish()
        var batches: [[Int: Bool]] = []
        for await batch in read {
            batches.append(batch)
            if batches.count == 2 { break }
        }
        #expect(batches == [[1: true], [1: false]])
    }
}
