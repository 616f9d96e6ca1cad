import Synchronization
import Testing

@testable import Chat

@Suite struct ContentChecksumsTests {
    private struct Failure: Error {}

    private final class Counter: Sendable {
        private let number = Atomic(0)
        var count: Int { number.load(ordering: .sequentiallyConsistent) }
        func add() { number.add(1, ordering: .sequentiallyConsistent) }
    }

    @Test func aChecksumIsComputedOnceWhoeverAsks() async throws {
        let checksums = ContentChecksums()
        let computed = Counter()
        try await withThrowingTaskGroup(of: UInt32.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await checksums("a") {
                        computed.add()
                        await Task.yield()
                        return 7
                    }
                }
            }
            for try await checksum in group { #expect(checksum == 7) }
        }
        #expect(computed.count == 1)
        #expect(try await checksums("b") { 8 } == 8)
    }

    @Test func aFailureIsNotRemembered() async throws {
        let checksums = ContentChecksums()
        await #expect(throws: Failure.self) { try await checksums("a") { throw Failure() } }
        #expect(try await checksums("a") { 7 } == 7)
    }
}
