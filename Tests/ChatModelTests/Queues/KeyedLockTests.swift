import Synchronization
import Testing

@testable import ChatModel

@Suite struct KeyedLockTests {
    private struct Failure: Error {}

    /// How many are inside for each key, and the most there ever were.
    private final class Counter: Sendable {
        private let counts = Mutex<(inside: [Int: Int], most: Int)>(([:], 0))

        var most: Int { counts.withLock { $0.most } }

        func enter(_ key: Int) {
            counts.withLock { counts in
                let inside = counts.inside[key, default: 0] + 1
                counts.inside[key] = inside
                counts.most = max(counts.most, inside)
            }
        }

        func leave(_ key: Int) { counts.withLock { $0.inside[key, default: 0] -= 1 } }
    }

    @Test func oneAtATimeForEachKey() async {
        let lock = KeyedLock<Int>()
        let counter = Counter()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                let key = number % 3
                group.addTask {
                    await lock.withLock(key) {
                        counter.enter(key)
                        await Task.yield()
                        counter.leave(key)
                    }
                }
            }
        }
        #expect(counter.most == 1)
    }

    @Test func differentKeysDoNotWaitForEachOther() async {
        let lock = KeyedLock<String>()
        let value = await lock.withLock("one") { await lock.withLock("other") { 7 } }
        #expect(value == 7)
    }

    @Test func aLineOfBoundedLength() async throws {
        let lock = KeyedLock<Int>()
        try await lock.withLock(1, behindAtMost: 1, until: .now + .seconds(60)) {
            await #expect(throws: ChatError.unavailable) {
                try await lock.withLock(1, behindAtMost: 0, until: .now + .seconds(60)) {}
            }
            try await lock.withLock(2, behindAtMost: 1, until: .now + .seconds(60)) {}
        }
        try await lock.withLock(1, behindAtMost: 1, until: .now + .seconds(60)) {}
    }

    @Test func whoeverThrowsLetsTheNextOneIn() async {
        let lock = KeyedLock<Int>()
        await #expect(throws: Failure.self) { try await lock.withLock(1) { throw Failure() } }
        #expect(await lock.withLock(1) { true })
    }
}
