import ChatModel
import Testing

@testable import Chat

@Suite struct MarkQueueTests {
    /// A queue that expectations can change.
    private final class Queue {
        typealias Key = MarkQueue<Int>.Key
        typealias Entry = MarkQueue<Int>.Entry
        static let maxCompletions = MarkQueue<Int>.maxCompletions
        static let maxWait = MarkQueue<Int>.maxWait
        private var queue: MarkQueue<Int>

        init(capacity: Int) { queue = MarkQueue(capacity: capacity) }

        var nextDue: Duration? { queue.nextDue }
        var isEmpty: Bool { queue.isEmpty }
        var heldCount: Int { queue.heldCount }

        @discardableResult
        func submit(_ seq: Int, read: Bool, of key: Key, at now: Duration, complete: Int) -> Bool {
            queue.submit(seq, read: read, of: key, at: now, complete: complete)
        }

        func takeDue(at now: Duration, max: Int) -> [Entry] { queue.takeDue(at: now, max: max) }

        func hold(_ entries: [Entry], at now: Duration) -> [Entry] { queue.hold(entries, at: now) }

        func hurry(at now: Duration) { queue.hurry(at: now) }
    }

    private let key = Queue.Key(conversation: .make(), user: .make())

    private func ms(_ number: Int) -> Duration { .milliseconds(number) }

    /// What is written by a time: delivered, read, and whose completions follow.
    private func written(_ queue: Queue, at now: Duration) -> [[Int]] {
        queue.takeDue(at: now, max: 100).map { [$0.mark.delivered, $0.mark.read] + $0.mark.completions }
    }

    @Test func theFirstReadMarkIsDueAtOnceAndTheOthersASecondAfter() {
        let queue = Queue(capacity: 10)
        #expect(queue.submit(1, read: true, of: key, at: ms(5), complete: 1))
        #expect(written(queue, at: ms(5)) == [[1, 1, 1]])
        for number in 2...9 {
            #expect(queue.submit(number, read: true, of: key, at: ms(100 * number), complete: number))
        }
        #expect(written(queue, at: ms(1199)) == [])
        #expect(queue.nextDue == ms(1200))
        #expect(written(queue, at: ms(1200)) == [[9, 9, 2, 3, 4, 5, 6, 7, 8, 9]])
        #expect(queue.isEmpty && queue.nextDue == nil)
        #expect(queue.submit(10, read: true, of: key, at: ms(5000), complete: 10))
        #expect(written(queue, at: ms(5000)) == [[10, 10, 10]])
    }

    /// A conversation may have been marked as unread meanwhile.
    @Test func whatIsReadCountsFromWhenItWasLastAskedFor() {
        let queue = Queue(capacity: 10)
        queue.submit(1, read: true, of: key, at: .zero, complete: 1)
        #expect(queue.takeDue(at: .zero, max: 1).map(\.mark.asked) == [.zero])
        queue.submit(3, read: true, of: key, at: ms(100), complete: 2)
        queue.submit(3, read: true, of: key, at: ms(200), complete: 3)
        queue.submit(2, read: true, of: key, at: ms(300), complete: 4)
        queue.submit(4, read: false, of: key, at: ms(400), complete: 5)
        #expect(queue.takeDue(at: ms(1200), max: 1).map(\.mark.asked) == [ms(200)])
    }

    @Test func aDeliveredMarkWaitsForItsReadMark() {
        let queue = Queue(capacity: 10)
        #expect(queue.submit(3, read: false, of: key, at: .zero, complete: 1))
        #expect(written(queue, at: ms(80)) == [])
        #expect(queue.submit(3, read: true, of: key, at: ms(81), complete: 2))
        #expect(written(queue, at: ms(81)) == [[3, 3, 1, 2]])
        #expect(written(queue, at: ms(5000)) == [], "and comes no more")
        #expect(queue.submit(4, read: false, of: key, at: ms(5000), complete: 3))
        #expect(written(queue, at: ms(5100)) == [[4, 0, 3]])
    }

    /// Somebody opens the window half a second after the message has reached them.
    @Test func aReadMarkDoesNotWaitForTheSecondOfADeliveredOne() {
        let queue = Queue(capacity: 10)
        queue.submit(1, read: false, of: key, at: .zero, complete: 1)
        #expect(written(queue, at: ms(100)).count == 1)
        queue.submit(2, read: false, of: key, at: ms(400), complete: 2)
        #expect(written(queue, at: ms(500)) == [])
        queue.submit(2, read: true, of: key, at: ms(500), complete: 3)
        #expect(written(queue, at: ms(500)) == [[2, 2, 2, 3]])
        // On average, there is one write a second.
        queue.submit(3, read: true, of: key, at: ms(600), complete: 4)
        #expect(written(queue, at: ms(2159)) == [])
        #expect(written(queue, at: ms(2160)) == [[3, 3, 4]])
    }

    /// One statement for all of them.
    @Test func marksThatWaitedForTheirSecondAreWrittenTogether() {
        let queue = Queue(capacity: 100)
        let keys = (0..<12).map { _ in Queue.Key(conversation: .make(), user: .make()) }
        for (number, key) in keys.enumerated() {
            queue.submit(1, read: true, of: key, at: ms(20 * number), complete: number)
            #expect(written(queue, at: ms(20 * number)).count == 1, "the first do not wait")
        }
        for key in keys { queue.submit(2, read: true, of: key, at: ms(500), complete: 0) }
        #expect(written(queue, at: ms(1199)).isEmpty)
        #expect(written(queue, at: ms(1200)).count == 11, "those whose second is over by then")
        #expect(queue.nextDue == ms(1440))
        #expect(written(queue, at: ms(1440)).count == 1)
    }

    @Test func membersDoNotWaitForEachOther() {
        let queue = Queue(capacity: 10)
        let other = Queue.Key(conversation: key.conversation, user: .make())
        queue.submit(1, read: true, of: key, at: .zero, complete: 1)
        #expect(written(queue, at: .zero).count == 1)
        queue.submit(1, read: true, of: other, at: ms(1), complete: 2)
        #expect(written(queue, at: ms(1)) == [[1, 1, 2]])
    }

    @Test func anOlderMarkDoesNotMoveANewerOneBack() {
        let queue = Queue(capacity: 10)
        queue.submit(7, read: false, of: key, at: .zero, complete: 1)
        queue.submit(5, read: true, of: key, at: .zero, complete: 2)
        #expect(written(queue, at: .zero) == [[7, 5, 1, 2]])
    }

    @Test func tooManyMembersAndTooManyMarksAreRefused() {
        let queue = Queue(capacity: 1)
        for number in 0..<Queue.maxCompletions {
            #expect(queue.submit(number, read: true, of: key, at: .zero, complete: number))
        }
        #expect(!queue.submit(9999, read: true, of: key, at: .zero, complete: -1))
        let other = Queue.Key(conversation: .make(), user: .make())
        #expect(!queue.submit(1, read: true, of: other, at: .zero, complete: -1))
        #expect(written(queue, at: .zero).count == 1)
        #expect(queue.submit(1, read: true, of: other, at: .zero, complete: 1))
    }

    @Test func aLockedRowIsTriedAgainUntilItsTimeIsUp() {
        let queue = Queue(capacity: 10)
        queue.submit(1, read: true, of: key, at: .zero, complete: 1)
        var now = Duration.zero
        var entries = queue.takeDue(at: now, max: 10)
        #expect(queue.hold(entries, at: now).isEmpty && queue.heldCount == 1)
        queue.submit(2, read: true, of: key, at: ms(10), complete: 2)
        #expect(queue.takeDue(at: ms(10), max: 10).isEmpty, "it would meet the same lock")
        now = Queue.maxWait
        entries = queue.takeDue(at: now, max: 10)
        #expect(entries.map(\.mark.completions) == [[1, 2]] && entries[0].mark.read == 2 && queue.heldCount == 0)
        #expect(queue.hold(entries, at: now).map(\.mark.completions) == [[1, 2]])
        #expect(queue.isEmpty)
    }

    @Test func beforeAStopNothingWaits() {
        let queue = Queue(capacity: 10)
        queue.submit(1, read: true, of: key, at: .zero, complete: 1)
        _ = written(queue, at: .zero)
        queue.submit(2, read: true, of: key, at: ms(1), complete: 2)
        queue.hurry(at: ms(2))
        #expect(written(queue, at: ms(2)) == [[2, 2, 2]])
        queue.submit(3, read: false, of: key, at: ms(3), complete: 3)
        #expect(written(queue, at: ms(3)) == [[3, 0, 3]])
    }

    @Test func aBatchHasABound() {
        let queue = Queue(capacity: 100)
        for number in 0..<10 {
            let key = Queue.Key(conversation: key.conversation, user: .make())
            queue.submit(1, read: true, of: key, at: .zero, complete: number)
        }
        var counts: [Int] = []
        while queue.nextDue == .zero { counts.append(queue.takeDue(at: .zero, max: 4).count) }
        #expect(counts == [4, 4, 2])
    }

    /// Of every mark something is written that is at least as far, and no member's are written more often than once a
    /// second on average.
    @Test(arguments: 0..<50) func randomMarks(seed: UInt64) {
        var random = Seeded(seed: seed)
        let queue = Queue(capacity: 100)
        let keys = (0..<3).map { _ in Queue.Key(conversation: .make(), user: .make()) }
        var wanted: [Queue.Key: (delivered: Int, read: Int)] = [:]
        var stored: [Queue.Key: (delivered: Int, read: Int)] = [:]
        var writes: [Queue.Key: [Duration]] = [:]
        var completed: Set<Int> = []
        var now = Duration.zero
        func write() {
            for (key, mark) in queue.takeDue(at: now, max: 2) {
                let old = stored[key] ?? (0, 0)
                stored[key] = (max(old.delivered, mark.delivered), max(old.read, mark.read))
                writes[key, default: []].append(now)
                for number in mark.completions {
                    let isNew = completed.insert(number).inserted
                    #expect(isNew)
                }
            }
        }
        for number in 0..<500 {
            let key = keys.randomElement(using: &random) ?? key
            let (seq, read) = (Int.random(in: 1...100, using: &random), Bool.random(using: &random))
            #expect(queue.submit(seq, read: read, of: key, at: now, complete: number))
            let old = wanted[key] ?? (0, 0)
            wanted[key] = (max(old.delivered, seq), read ? max(old.read, seq) : old.read)
            if Bool.random(using: &random) { write() }
            now += .milliseconds(Int.random(in: 0...60, using: &random))
        }
        while let due = queue.nextDue {
            now = max(now, due)
            write()
        }
        #expect(completed.count == 500)
        for (key, wanted) in wanted { #expect(stored[key] ?? (0, 0) == wanted) }
        for times in writes.values {
            let seconds = Double((times[times.count - 1] - times[0]) / .milliseconds(1)) / 1000
            #expect(Double(times.count) <= seconds + 2.5)
        }
    }
}

/// A generator that gives the same numbers for the same seed (SplitMix64).
private struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
