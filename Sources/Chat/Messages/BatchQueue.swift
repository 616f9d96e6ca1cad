import ChatModel
import DequeModule

/// The messages of one lane that wait for the next commit. A pure queue that hands out batches in order.
struct BatchQueue<Item: Sendable>: Sendable {
    private var items: Deque<Item> = []
    private var waitingBytes = 0
    private let capacity: Int
    private let capacityBytes: Int
    private let maxBatch: Int
    private let maxBytes: Int
    private let size: @Sendable (Item) -> Int
    private let key: @Sendable (Item) -> Draft.RepetitionKey?

    /// - Parameters:
    ///   - capacity: How many items may wait. Beyond it, `append` refuses.
    ///   - capacityBytes: How many bytes they may have together.
    ///   - maxBatch: How many items one batch may have.
    ///   - maxBytes: How many bytes one batch may have, unless its first item is larger.
    init(
        capacity: Int, capacityBytes: Int, maxBatch: Int, maxBytes: Int,
        size: @escaping @Sendable (Item) -> Int,
        key: @escaping @Sendable (Item) -> Draft.RepetitionKey?
    ) {
        self.capacity = capacity
        self.capacityBytes = capacityBytes
        self.maxBatch = maxBatch
        self.maxBytes = maxBytes
        self.size = size
        self.key = key
    }

    var count: Int { items.count }
    var isEmpty: Bool { items.isEmpty }

    /// False when the queue is full.
    mutating func append(_ item: Item) -> Bool {
        let bytes = size(item)
        guard items.count < capacity, waitingBytes + bytes <= capacityBytes else { return false }
        waitingBytes += bytes
        items.append(item)
        return true
    }

    /// Puts items back to the front in their order. They were taken out before and still count as accepted.
    mutating func prepend(_ returned: [Item]) {
        for item in returned.reversed() {
            waitingBytes += size(item)
            items.prepend(item)
        }
    }

    /// Takes out the longest beginning of the queue that may go into one statement. A repetition of an item ends the batch,
    /// because a statement does not see its own insertions.
    mutating func nextBatch() -> [Item] {
        var batch: [Item] = []
        var bytes = 0
        var keys: Set<Draft.RepetitionKey> = []
        while batch.count < maxBatch, let item = items.first {
            let itemSize = size(item)
            if !batch.isEmpty, bytes + itemSize > maxBytes { break }
            if let key = key(item), !keys.insert(key).inserted { break }
            bytes += itemSize
            batch.append(item)
            waitingBytes -= itemSize
            items.removeFirst()
        }
        return batch
    }
}
