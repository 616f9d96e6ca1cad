package import ChatModel

/// Who is online, and on which nodes: as this node sees it.
///
/// Each node tells the others who comes and goes on it, and writes it into a table. What it tells may be lost, doubled or
/// late; the table is read at the start and whenever there is doubt. Whenever a user's first node appears here or the last
/// one disappears, this node tells its own clients: so each client hears of each change once, and in the end the truth.
///
/// A pure machine; times are counted from any fixed moment.
package struct PresenceOverNodes: Sendable {
    /// What this node's clients are to be told.
    package enum News: Hashable, Sendable {
        case online(UserID)
        case offline(UserID)

        package var subject: (user: UserID, isArrival: Bool) {
            switch self {
            case .online(let user): (user, true)
            case .offline(let user): (user, false)
            }
        }
    }

    /// A row of the table.
    package struct Row: Hashable, Sendable {
        package var user: UserID
        package var node: UInt16

        package init(user: UserID, node: UInt16) {
            self.user = user
            self.node = node
        }
    }

    /// The nodes of one user. Nearly all have one, which takes no memory beside the table's.
    private struct Nodes: Sendable {
        var first: UInt16
        var others: [UInt16] = []

        func contains(_ node: UInt16) -> Bool { first == node || others.contains(node) }

        /// - Returns: Whether any is left.
        mutating func remove(_ node: UInt16) -> Bool {
            if first == node {
                guard let next = others.popLast() else { return false }
                first = next
            } else {
                others.removeAll { $0 == node }
            }
            return true
        }
    }

    /// What a node told lately. Until it is in the table for sure, it counts more than the table.
    private struct Told: Sendable {
        var isOnline: Bool
        var counter: UInt64
        var at: Duration
    }

    /// The users of a node that is gone. Most of them are on another node soon.
    private struct Departure: Sendable {
        var users: Set<UserID>
        let noted: Duration
        let from: Duration
    }

    /// What a node told of one of its users.
    package enum Change: Sendable {
        case came
        case left
        /// The node sends its users to others: they have some time to get there.
        case isMoving
    }

    private let own: UInt16
    private var nodes: [UserID: Nodes] = [:]
    /// Those whom a node has sent to others, and until when they count as there all the same.
    private var moving: [Row: Duration] = [:]
    private var told: [Row: Told] = [:]
    private var departures: [UInt16: Departure] = [:]
    private var nextDeparture: Duration = .zero
    private var reloadAt: Duration?

    /// How long after an event the table may lack it.
    package static let writing: Duration = .seconds(10)
    /// How long the users of a node that stops in order may take to connect to another one.
    package static let grace: Duration = .seconds(10)
    /// The users of a dead node go offline at this pace: 500 a second.
    package static let pace: Duration = .milliseconds(2)
    private static let maxTold = 100_000

    package init(own: UInt16) { self.own = own }

    package func isOf(_ node: UInt16) -> Bool { own == node }

    package var count: Int { nodes.count }

    package func isOnline(_ user: UserID) -> Bool { nodes[user] != nil }

    // MARK: This node

    /// The user's first device here.
    /// - Returns: News if the user was on no other node.
    package mutating func enter(_ user: UserID) -> News? {
        moving[Row(user: user, node: own)] = nil
        return add(user, own) ? .online(user) : nil
    }

    /// The user's last device here is gone.
    package mutating func leave(_ user: UserID) -> News? { remove(user, own) ? .offline(user) : nil }

    /// The user's last device here is gone, because this node sends its users to others.
    package mutating func move(_ user: UserID, at now: Duration) { move(Row(user: user, node: own), at: now) }

    private mutating func move(_ row: Row, at now: Duration) {
        guard nodes[row.user]?.contains(row.node) == true, moving[row] == nil else { return }
        moving[row] = now + Self.grace
    }

    // MARK: Other nodes

    /// A node told that a user came or went.
    /// - Parameter counter: Of the frame that told it: what was told later counts, whatever comes first.
    package mutating func hear(
        _ user: UserID, _ change: Change, on node: UInt16, counter: UInt64, at now: Duration
    ) -> News? {
        let row = Row(user: user, node: node)
        guard node != own, told[row].map({ $0.counter <= counter }) ?? true else { return nil }
        if told.count >= Self.maxTold { forgetTold(at: now) }
        told[row] = Told(isOnline: change == .came, counter: counter, at: now)
        departures[node]?.users.remove(user)
        switch change {
        case .came:
            moving[row] = nil
            return add(user, node) ? .online(user) : nil
        case .left: return remove(user, node) ? .offline(user) : nil
        case .isMoving:
            move(row, at: now)
            return nil
        }
    }

    private mutating func forgetTold(at now: Duration) { told = told.filter { now - $0.value.at < Self.writing } }

    /// A node has begun a new life: what it told in the one before counts for nothing. Its users have some time to come back.
    package mutating func begin(_ node: UInt16, at now: Duration) { depart(node, at: now, from: now + Self.grace) }

    /// A node has stopped in order: its users are about to connect to others.
    package mutating func stop(_ node: UInt16, at now: Duration) { depart(node, at: now, from: now + Self.grace) }

    /// A node is dead: its users that are not elsewhere by now go offline.
    package mutating func die(_ node: UInt16, at now: Duration) { depart(node, at: now, from: now) }

    private mutating func depart(_ node: UInt16, at now: Duration, from: Duration) {
        guard node != own else { return }
        told = told.filter { $0.key.node != node }
        let moving = moving
        let users = Set(
            nodes.lazy.filter { $0.value.contains(node) && moving[Row(user: $0.key, node: node)] == nil }.map(\.key))
        if !users.isEmpty { departures[node] = Departure(users: users, noted: now, from: from) }
    }

    // MARK: The table

    /// What the table says of all nodes. This node's rows count for nothing: it knows better.
    /// - Parameter began: When the reading began.
    package mutating func load(_ rows: some Sequence<Row>, readingBegan began: Duration, at now: Duration) -> [News] {
        forgetTold(at: began)
        reloadAt = nil
        var present = Set(rows.filter { $0.node != own })
        for (row, told) in told where present.contains(row) != told.isOnline {
            // One of the two is behind. The table is right once everything has been written.
            reloadAt = now + Self.writing
            if told.isOnline { present.insert(row) } else { present.remove(row) }
        }
        var news: [News] = []
        for row in present {
            moving[row] = nil
            if let departure = departures[row.node], departure.noted <= began {
                departures[row.node]?.users.remove(row.user)
            }
            if add(row.user, row.node) { news.append(.online(row.user)) }
        }
        for (user, known) in nodes {
            for node in [known.first] + known.others where node != own && !isExpected(user, node, present) {
                if remove(user, node) { news.append(.offline(user)) }
            }
        }
        return news
    }

    /// Who is about to go has their time, whatever the table says.
    private func isExpected(_ user: UserID, _ node: UInt16, _ present: Set<Row>) -> Bool {
        let row = Row(user: user, node: node)
        return present.contains(row) || moving[row] != nil || departures[node]?.users.contains(user) == true
    }

    /// When the table is to be read again; nil if it agrees with what was told.
    package var reloading: Duration? { reloadAt }

    // MARK: Time

    /// When `advance` is due; nil if nobody is about to go.
    package var deadline: Duration? {
        let departure = departures.values.map(\.from).min().map { max($0, nextDeparture) }
        return [departure, moving.values.min()].compactMap { $0 }.min()
    }

    package mutating func advance(to now: Duration) -> [News] {
        var news: [News] = []
        for (row, end) in moving where end <= now {
            if remove(row.user, row.node) { news.append(.offline(row.user)) }
        }
        nextDeparture = max(nextDeparture, now - .seconds(1))
        for (node, departure) in departures where departure.from <= now {
            while nextDeparture <= now, let user = departures[node]?.users.popFirst() {
                nextDeparture += Self.pace
                if remove(user, node) { news.append(.offline(user)) }
            }
            if departures[node]?.users.isEmpty == true { departures[node] = nil }
        }
        return news
    }

    // MARK: Sets

    /// - Returns: Whether the user was nowhere.
    private mutating func add(_ user: UserID, _ node: UInt16) -> Bool {
        guard let known = nodes[user] else {
            nodes[user] = Nodes(first: node)
            return true
        }
        if !known.contains(node) { nodes[user]?.others.append(node) }
        return false
    }

    /// - Returns: Whether the user is nowhere now.
    private mutating func remove(_ user: UserID, _ node: UInt16) -> Bool {
        moving[Row(user: user, node: node)] = nil
        guard nodes[user]?.contains(node) == true else { return false }
        if nodes[user]?.remove(node) == true { return false }
        nodes[user] = nil
        return true
    }
}
