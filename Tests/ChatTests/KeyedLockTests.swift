import Synchronization
import Testing

@testable import Chat

@Suite struct KeyedLockTests {
    private struct Failure: Error {}

    @Test func oneAtATimeForEachKeyInTheOrderOfTheirComing() async {
        let lock = KeyedLock<Int>()
        let inside = Mutex([Int: Int]())
        let worst = Mutex(0)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    await lock.withLock(number % 3) {
                        let here = inside.withLock { inside in
                            inside[number % 3, default: 0] += 1
                            return inside[number % 3] ?? 0
                        }
                        worst.withLock { $0 = max($0, here) }
                        await Task.yield()
                        inside.withLock { $0[number % 3, default: 0] -= 1 }
                    }
                }
            }
        }
        #expect(worst.withLock { $0 } == 1)
    }

    @Test func differentKeysDoNotWaitForEachOther() async {
        let lock = KeyedLock<String>()
        let value = await lock.withLock("one") { await lock.withLock("other") { 7 } }
        #expect(value == 7)
    }

    @Test func whoeverThrowsLetsTheNextOneIn() async {
        let lock = KeyedLock<Int>()
        await #expect(throws: Failure.self) { try await lock.withLock(1) { throw Failure() } }
        #expect(await lock.withLock(1) { true })
    }
}
