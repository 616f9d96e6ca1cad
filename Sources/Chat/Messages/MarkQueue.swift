import ChatModel

/// The marks of some conversations that wait to be written. Pure: the time goes in, and what is to be written comes out.
///
/// Of a member's marks in a conversation only the furthest counts, and one write a second is enough: the first is written
/// at once, and those that come within a second of it are joined. A delivered mark first waits a moment for the read mark
/// that often follows. A read mark that follows a delivered one does not wait for its second, because somebody sees it; the
/// write after it comes a second later for that. Those that waited for their second are written four times a second, all
/// conversations' together: a statement costs as much as ten marks.
struct MarkQueue<Completion: Sendable>: Sendable {
    struct Key: Hashable, Sendable {
        var conversation: ConversationID
        var user: UserID
    }

    struct Mark: Sendable {
        var delivered: Int
        var read: Int
        /// When it was asked for.
        var asked: Duration
        /// When we give up if the member's row is still locked; nil before the first attempt.
        var deadline: Duration?
        var completions: [Completion]

        fileprivate mutating func join(_ other: Mark) {
            // An earlier place than what is read already is not read again.
            if other.read >= read { asked = max(asked, other.asked) }
            delivered = max(delivered, other.delivered)
            read = max(read, other.read)
            completions += other.completions
            deadline = [deadline, other.deadline].compactMap { $0 }.min()
        }
    }

    typealias Entry = (key: Key, mark: Mark)

    private struct Waiting {
        var mark: Mark
        var slot: Int
        /// The row was locked.
        var isHeld = false
    }

    /// What was last written for a member.
    private struct Last {
        /// When the next write is due.
        var next: Duration
        var wasRead: Bool
    }

    /// Between two writes for a member.
    static var period: Duration { .seconds(1) }
    /// How long a delivered mark waits for its read mark.
    static var patience: Duration { .milliseconds(100) }
    /// How long a mark waits for a locked row, and the pause between two attempts.
    static var maxWait: Duration { .seconds(3) }
    static var pause: Duration { .milliseconds(250) }
    /// A device sends at most one mark for each message. More of them is a flood.
    static var maxCompletions: Int { 1000 }
    /// Between two writes of marks that waited for their second.
    static var gathering: Duration { .milliseconds(240) }
    /// Times are rounded to this.
    private static var slotMilliseconds: Int { 20 }

    private let capacity: Int
    private var waiting: [Key: Waiting] = [:]
    /// The keys that are due at a time. One that has been moved to another slot is left out when it is met.
    private var slots: [Int: [Key]] = [:]
    private var last: [Key: Last] = [:]
    private var nextForgetting: Duration = .zero
    /// From when on nothing waits for its second.
    private(set) var isHurried = false
    private(set) var heldCount = 0

    /// - Parameter capacity: The marks of how many members may wait.
    init(capacity: Int) { self.capacity = capacity }

    var isEmpty: Bool { waiting.isEmpty }

    /// When something is due next.
    var nextDue: Duration? { slots.keys.min().map(Self.time) }

    /// Everything up to `seq` was delivered and, if `read`, read.
    /// - Returns: False if too many wait.
    mutating func submit(_ seq: Int, read: Bool, of key: Key, at now: Duration, complete: Completion) -> Bool {
        let mark = Mark(delivered: seq, read: read ? seq : 0, asked: now, completions: [complete])
        guard var old = waiting[key] else {
            guard waiting.count < capacity else { return false }
            insert(mark, of: key, at: due(key, isRead: read, at: now))
            return true
        }
        guard old.mark.completions.count < Self.maxCompletions else { return false }
        old.mark.join(mark)
        waiting[key] = old
        if read, !old.isHeld { move(key, to: due(key, isRead: true, at: now)) }
        return true
    }

    private func due(_ key: Key, isRead: Bool, at now: Duration) -> Int {
        if isHurried { return Self.slot(before: now) }
        guard let last = last[key], last.next > now else {
            return isRead ? Self.slot(before: now) : Self.slot(after: now + Self.patience)
        }
        return isRead && !last.wasRead ? Self.slot(before: now) : Self.slot(after: last.next, of: Self.gathering)
    }

    private mutating func insert(_ mark: Mark, of key: Key, at slot: Int, isHeld: Bool = false) {
        waiting[key] = Waiting(mark: mark, slot: slot, isHeld: isHeld)
        slots[slot, default: []].append(key)
        if isHeld { heldCount += 1 }
    }

    /// Marks come forward, and never go back.
    private mutating func move(_ key: Key, to slot: Int) {
        guard let old = waiting[key], slot < old.slot else { return }
        waiting[key]?.slot = slot
        slots[slot, default: []].append(key)
    }

    /// Removes what is due, the oldest first.
    mutating func takeDue(at now: Duration, max: Int) -> [Entry] {
        forget(at: now)
        var entries: [Entry] = []
        while entries.count < max, let slot = slots.keys.min(), Self.time(slot) <= now {
            var keys = slots.removeValue(forKey: slot) ?? []
            while entries.count < max, let key = keys.popLast() {
                guard let found = waiting[key], found.slot == slot else { continue }
                waiting[key] = nil
                if found.isHeld { heldCount -= 1 }
                var mark = found.mark
                mark.deadline = mark.deadline ?? now + Self.maxWait
                note(key, wasRead: mark.read > 0, at: now)
                entries.append((key, mark))
            }
            if !keys.isEmpty { slots[slot] = keys }
        }
        return entries
    }

    private mutating func note(_ key: Key, wasRead: Bool, at now: Duration) {
        // An early write counts for the second that it did not wait for.
        let free = max(last[key]?.next ?? now, now)
        guard last.count < 4 * capacity || last[key] != nil else { return }
        last[key] = Last(next: free + Self.period, wasRead: wasRead)
    }

    private mutating func forget(at now: Duration) {
        guard now >= nextForgetting else { return }
        nextForgetting = now + Self.period
        last = last.filter { $0.value.next > now }
    }

    /// Puts marks back whose rows are locked. They are due again after a pause.
    /// - Returns: Those that have waited too long.
    mutating func hold(_ entries: [Entry], at now: Duration) -> [Entry] {
        putBack(entries.filter { $0.mark.deadline.map { $0 > now } ?? true }, at: Self.slot(after: now + Self.pause))
        return entries.filter { $0.mark.deadline.map { $0 <= now } ?? false }
    }

    /// Puts marks back that are to be tried again at once.
    mutating func retry(_ entries: [Entry], at now: Duration) { putBack(entries, at: Self.slot(before: now)) }

    private mutating func putBack(_ entries: [Entry], at slot: Int) {
        for (key, mark) in entries {
            var mark = mark
            // What came meanwhile waits with it: it would meet the same lock.
            if let newer = waiting.removeValue(forKey: key) {
                mark.join(newer.mark)
                if newer.isHeld { heldCount -= 1 }
            }
            insert(mark, of: key, at: slot, isHeld: true)
        }
    }

    /// From now on nothing waits, but for locked rows.
    mutating func hurry(at now: Duration) {
        isHurried = true
        for (key, found) in waiting where !found.isHeld { move(key, to: Self.slot(before: now)) }
    }

    private static func slot(before time: Duration) -> Int { Int(time / .milliseconds(slotMilliseconds)) }

    /// - Parameter period: How far apart the slots are that count.
    private static func slot(after time: Duration, of period: Duration = .milliseconds(slotMilliseconds)) -> Int {
        let turn = Int(time / period)
        return slot(before: period * (period * turn < time ? turn + 1 : turn))
    }

    private static func time(_ slot: Int) -> Duration { .milliseconds(slot * slotMilliseconds) }
}
