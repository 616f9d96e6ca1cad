import ChatModel
import Testing

@testable import Chat

@Suite struct BatchQueueTests {
    private struct Item: Equatable {
        var name: String
        var bytes = 1
        var clientId: String?
    }

    private static let conversation = ConversationID.make()
    private static let sender = UserID.make()

    /// A class, because `#expect` takes no operand that changes.
    private final class Waiting {
        private var queue: BatchQueue<Item>

        init(capacity: Int = 100, capacityBytes: Int = 1000, maxBatch: Int = 10, maxBytes: Int = 100) {
            queue = BatchQueue(
                capacity: capacity, capacityBytes: capacityBytes, maxBatch: maxBatch,
                maxBytes: maxBytes, size: { $0.bytes },
                key: { item in
                    item.clientId.map { .init(conversation: conversation, sender: sender, clientId: $0) }
                })
        }

        var count: Int { queue.count }
        func append(_ item: Item) -> Bool { queue.append(item) }
        func next() -> [String] { queue.nextBatch().map(\.name) }
    }

    @Test func batchesKeepTheOrderAndTheirBound() {
        let queue = Waiting(maxBatch: 2)
        for name in ["a", "b", "c"] { #expect(queue.append(Item(name: name))) }
        #expect(queue.next() == ["a", "b"])
        #expect(queue.next() == ["c"])
        #expect(queue.next().isEmpty)
        #expect(queue.count == 0)
    }

    @Test func aFullQueueRefusesUntilSomethingLeaves() {
        let queue = Waiting(capacity: 2)
        #expect(queue.append(Item(name: "a")))
        #expect(queue.append(Item(name: "b")))
        #expect(!queue.append(Item(name: "c")))
        #expect(queue.count == 2)
        _ = queue.next()
        #expect(queue.append(Item(name: "c")))
    }

    @Test func whatWaitsIsBoundedInBytesToo() {
        let queue = Waiting(capacityBytes: 100)
        #expect(queue.append(Item(name: "a", bytes: 60)))
        #expect(!queue.append(Item(name: "b", bytes: 41)))
        #expect(queue.append(Item(name: "c", bytes: 40)))
        _ = queue.next()
        #expect(queue.append(Item(name: "d", bytes: 100)))
    }

    @Test func aBatchEndsBeforeTheItemThatWouldMakeItTooLarge() {
        let queue = Waiting(maxBytes: 100)
        for (name, bytes) in [("a", 60), ("b", 41), ("c", 500), ("d", 1)] {
            #expect(queue.append(Item(name: name, bytes: bytes)))
        }
        #expect(queue.next() == ["a"])
        #expect(queue.next() == ["b"])
        #expect(queue.next() == ["c"], "an item larger than a batch goes by itself")
        #expect(queue.next() == ["d"])
    }

    @Test func aRepetitionWaitsForTheNextStatement() {
        let queue = Waiting()
        for (name, clientId) in [("a", "1"), ("b", nil), ("c", "2"), ("d", "1"), ("e", nil)] {
            #expect(queue.append(Item(name: name, clientId: clientId)))
        }
        #expect(queue.next() == ["a", "b", "c"])
        #expect(queue.next() == ["d", "e"])
    }
}
