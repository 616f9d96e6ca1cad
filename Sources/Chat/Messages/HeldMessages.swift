import ChatModel
import DequeModule

/// Messages that wait because a row they need is locked, so that the others of their lane can be stored. A sender's
/// messages to one conversation keep their order. Pure.
struct HeldMessages<Item> {
    private struct Stream: Hashable {
        var conversation: ConversationID
        var sender: UserID
    }

    /// Rows that were locked when we last looked.
    private(set) var lockedRows: Set<LockedRow> = []
    private var items: Deque<Item> = []
    private var streams: [Stream: Int] = [:]
    private var conversations: [ConversationID: Int] = [:]
    private let maxEach: Int
    private let maximum: Int
    private let maxBytes: Int
    private var bytes = 0
    private let draft: (Item) -> Draft

    /// - Parameters:
    ///   - maximum: How many may wait in all.
    ///   - maxEach: How many may wait of one conversation.
    ///   - maxBytes: How many bytes their texts may have together.
    init(maximum: Int, maxEach: Int, maxBytes: Int, draft: @escaping (Item) -> Draft) {
        self.maximum = maximum
        self.maxEach = maxEach
        self.maxBytes = maxBytes
        self.draft = draft
    }

    var isEmpty: Bool { items.isEmpty }
    var count: Int { items.count }

    enum Verdict { case free, held, refused }

    /// Keeps the item if it has to wait; `refused` when too many wait already.
    mutating func hold(_ item: Item) -> Verdict {
        let draft = draft(item)
        let stream = Stream(conversation: draft.conversation, sender: draft.sender)
        guard streams[stream] != nil || !draft.rows.isDisjoint(with: lockedRows) else { return .free }
        guard items.count < maximum, conversations[draft.conversation, default: 0] < maxEach,
            bytes + draft.text.utf8.count <= maxBytes
        else { return .refused }
        keep(item)
        return .held
    }

    mutating func note(locked rows: Set<LockedRow>) { lockedRows.formUnion(rows) }

    /// Notes rows that are not locked any more.
    mutating func note(free rows: Set<LockedRow>) { lockedRows.subtract(rows) }

    /// Takes out, in their order, the items that do not have to wait any more.
    mutating func release() -> [Item] {
        let waiting = removeAll()
        return waiting.filter { hold($0) == .free }
    }

    /// Takes out the items for which `isOverdue` is true.
    mutating func expire(where isOverdue: (Item) -> Bool) -> [Item] {
        guard items.contains(where: isOverdue) else { return [] }
        var overdue: [Item] = []
        for item in removeAll() {
            if isOverdue(item) { overdue.append(item) } else { keep(item) }
        }
        return overdue
    }

    mutating func removeAll() -> [Item] {
        defer {
            items = []
            bytes = 0
            streams = [:]
            conversations = [:]
        }
        return Array(items)
    }

    private mutating func keep(_ item: Item) {
        let draft = draft(item)
        items.append(item)
        bytes += draft.text.utf8.count
        streams[Stream(conversation: draft.conversation, sender: draft.sender), default: 0] += 1
        conversations[draft.conversation, default: 0] += 1
    }
}
