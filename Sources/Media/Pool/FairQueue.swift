/// A fair queue for a few places. Users take turns, however many entries each has waiting.
///
/// A user never holds all places, so others need not wait for one user's long work. The queue is bounded as a whole and
/// per user. When it is full, a new entry displaces the last entry of the user with the most, because nobody should be
/// refused on account of another's many entries.
struct FairQueue<User: Hashable, Entry> {
    struct Bounds {
        var running: Int
        var runningEach: Int
        var waiting: Int
        var waitingEach: Int

        /// Bounds for that many places. One user cannot take the last one.
        init(places: Int, waiting: Int, waitingEach: Int) {
            running = max(1, places)
            runningEach = max(1, places - 1)
            self.waiting = waiting
            self.waitingEach = waitingEach
        }
    }

    /// Identifies one waiting entry.
    struct Ticket: Hashable {
        let user: User
        fileprivate let number: Int
    }

    enum Admission {
        /// - Parameter displaced: Another user's entry that was displaced.
        case waits(Ticket, displaced: Entry?)
        case refused
    }

    private let bounds: Bounds
    private var waiting: [User: [(number: Int, entry: Entry)]] = [:]
    /// The waiting users, in order of their turns.
    private var order: [User] = []
    private var running: [User: Int] = [:]
    private var runningCount = 0
    private(set) var waitingCount = 0
    private var lastNumber = 0

    init(_ bounds: Bounds) { self.bounds = bounds }

    /// Adds an entry. It runs once `next` returns it.
    mutating func add(_ entry: Entry, of user: User) -> Admission {
        // An entry that can run at once is not counted as waiting.
        let runsNow = runningCount < bounds.running && running[user, default: 0] < bounds.runningEach
        let own = waiting[user]?.count ?? 0
        var displaced: Entry?
        if !(runsNow && own == 0) {
            if own >= bounds.waitingEach { return .refused }
            if waitingCount >= bounds.waiting {
                guard let most = order.max(by: { count($0) < count($1) }), count(most) > own + 1 else {
                    return .refused
                }
                displaced = removeLast(of: most)
            }
        }
        lastNumber += 1
        waiting[user, default: []].append((lastNumber, entry))
        waitingCount += 1
        if own == 0 { order.append(user) }
        return .waits(Ticket(user: user, number: lastNumber), displaced: displaced)
    }

    /// The next entry to run, if there is a free place. `finish` frees the place.
    mutating func next() -> (user: User, entry: Entry)? {
        guard runningCount < bounds.running,
            let turn = order.firstIndex(where: { running[$0, default: 0] < bounds.runningEach })
        else { return nil }
        let user = order.remove(at: turn)
        guard var entries = waiting[user], !entries.isEmpty else { return nil }
        let entry = entries.removeFirst().entry
        keep(entries, of: user)
        if !entries.isEmpty { order.append(user) }
        waitingCount -= 1
        running[user, default: 0] += 1
        runningCount += 1
        return (user, entry)
    }

    /// Frees the place of an entry that has ended.
    mutating func finish(_ user: User) {
        guard let count = running[user] else { return }
        running[user] = count > 1 ? count - 1 : nil
        runningCount -= 1
    }

    /// Removes an entry that no longer waits. nil if it has run or was displaced.
    mutating func remove(_ ticket: Ticket) -> Entry? {
        guard var entries = waiting[ticket.user],
            let place = entries.firstIndex(where: { $0.number == ticket.number })
        else { return nil }
        let entry = entries.remove(at: place).entry
        keep(entries, of: ticket.user)
        if entries.isEmpty { order.removeAll { $0 == ticket.user } }
        waitingCount -= 1
        return entry
    }

    /// Removes all waiting entries.
    mutating func removeAll() -> [Entry] {
        let entries = order.flatMap { waiting[$0, default: []].map(\.entry) }
        (waiting, order, waitingCount) = ([:], [], 0)
        return entries
    }

    private func count(_ user: User) -> Int { waiting[user]?.count ?? 0 }

    private mutating func keep(_ entries: [(number: Int, entry: Entry)], of user: User) {
        waiting[user] = entries.isEmpty ? nil : entries
    }

    private mutating func removeLast(of user: User) -> Entry? {
        guard let last = waiting[user]?.last else { return nil }
        return remove(Ticket(user: user, number: last.number))
    }
}

extension FairQueue: Sendable where User: Sendable, Entry: Sendable {}
extension FairQueue.Ticket: Sendable where User: Sendable {}
