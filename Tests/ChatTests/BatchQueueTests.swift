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

    private func queue(
        capacity: Int = 100, capacityBytes: Int = 1000, maximumBatch: Int = 10, maximumBytes: Int = 100
    ) -> BatchQueue<Item> {
        BatchQueue(
            capacity: capacity, capacityBytes: capacityBytes, maximumBatch: maximumBatch, maximumBytes: maximumBytes,
            size: { $0.bytes },
            key: { item in
                item.clientId.map { .init(conversation: Self.conversation, sender: Self.sender, clientId: $0) }
            })
    }

    private func names(_ batch: [Item]) -> [String] { batch.map(\.name) }

    @Test func batchesKeepTheOrderAndTheirBound() {
        var queue = queue(maximumBatch: 2)
        for name in ["a", "b", "c"] { #expect(queue.append(Item(name: name))) }
        #expect(names(queue.nextBatch()) == ["a", "b"])
        #expect(names(queue.nextBatch()) == ["c"])
        #expect(queue.nextBatch().isEmpty && queue.isEmpty)
    }

    @Test func aFullQueueRefusesUntilSomethingLeaves() {
        var queue = queue(capacity: 2)
        #expect(queue.append(Item(name: "a")))
        #expect(queue.append(Item(name: "b")))
        #expect(!queue.append(Item(name: "c")))
        #expect(queue.count == 2)
        _ = queue.nextBatch()
        #expect(queue.append(Item(name: "c")))
    }

    @Test func whatWaitsIsBoundedInBytesToo() {
        var queue = queue(capacityBytes: 100)
        #expect(queue.append(Item(name: "a", bytes: 60)))
        #expect(!queue.append(Item(name: "b", bytes: 41)))
        #expect(queue.append(Item(name: "c", bytes: 40)))
        _ = queue.nextBatch()
        #expect(queue.append(Item(name: "d", bytes: 100)))
    }

    @Test func aBatchEndsBeforeTheItemThatWouldMakeItTooLarge() {
        var queue = queue(maximumBytes: 100)
        for (name, bytes) in [("a", 60), ("b", 41), ("c", 500), ("d", 1)] {
            #expect(queue.append(Item(name: name, bytes: bytes)))
        }
        #expect(names(queue.nextBatch()) == ["a"])
        #expect(names(queue.nextBatch()) == ["b"])
        #expect(names(queue.nextBatch()) == ["c"], "an item larger than a batch goes by itself")
        #expect(names(queue.nextBatch()) == ["d"])
    }

    @Test func aRepetitionWaitsForTheNextStatement() {
        var queue = queue()
        for (name, clientId) in [("a", "1"), ("b", nil), ("c", "2"), ("d", "1"), ("e", nil)] {
            #expect(queue.append(Item(name: name, clientId: clientId)))
        }
        #expect(names(queue.nextBatch()) == ["a", "b", "c"])
        #expect(names(queue.nextBatch()) == ["d", "e"])
    }
}
