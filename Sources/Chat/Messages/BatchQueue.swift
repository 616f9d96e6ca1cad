import ChatModel
import DequeModule

/// What waits for the next commit of one lane: a pure queue that hands out batches in order.
struct BatchQueue<Item: Sendable>: Sendable {
    private var items: Deque<Item> = []
    private var waitingBytes = 0
    private let capacity: Int
    private let capacityBytes: Int
    private let maximumBatch: Int
    private let maximumBytes: Int
    private let size: @Sendable (Item) -> Int
    private let key: @Sendable (Item) -> Draft.RepetitionKey?

    /// - Parameters:
    ///   - capacity: how many may wait; beyond it `append` refuses.
    ///   - capacityBytes: what they may hold together.
    ///   - maximumBatch: the most items in one batch.
    ///   - maximumBytes: a batch ends before the item that would take it past this, unless it would be empty.
    init(
        capacity: Int, capacityBytes: Int, maximumBatch: Int, maximumBytes: Int,
        size: @escaping @Sendable (Item) -> Int,
        key: @escaping @Sendable (Item) -> Draft.RepetitionKey?
    ) {
        self.capacity = capacity
        self.capacityBytes = capacityBytes
        self.maximumBatch = maximumBatch
        self.maximumBytes = maximumBytes
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

    /// Puts back to the front, in their order, what was taken out before and still counts as accepted.
    mutating func prepend(_ returned: [Item]) {
        for item in returned.reversed() {
            waitingBytes += size(item)
            items.prepend(item)
        }
    }

    /// The longest beginning of the queue that may go into one statement: a repetition of something in the batch ends
    /// it, because a statement does not see its own insertions.
    mutating func nextBatch() -> [Item] {
        var batch: [Item] = []
        var bytes = 0
        var keys: Set<Draft.RepetitionKey> = []
        while batch.count < maximumBatch, let item = items.first {
            let itemSize = size(item)
            if !batch.isEmpty, bytes + itemSize > maximumBytes { break }
            if let key = key(item), !keys.insert(key).inserted { break }
            bytes += itemSize
            batch.append(item)
            waitingBytes -= itemSize
            items.removeFirst()
        }
        return batch
    }
}
