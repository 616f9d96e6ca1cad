import ChatModel

/// The life of a server's row: when it is renewed, what follows when it is gone, and when the server may judge others.
/// Pure: answers and the time go in, and what is to be done comes out.
struct NodeLease {
    enum Action: Equatable {
        /// To be answered by `renewed`, `isGone` or `failed`.
        case renew
        /// Make a row of a new epoch. To be answered by `joined` or `failed`.
        case join
        /// Delete the rows of dead servers.
        case reap
        /// The server was taken for dead. Whatever it knows of the others may be out of date.
        case beginEpoch
        /// Nobody can tell this server who was banned meanwhile. Its sockets go to other servers.
        case letSocketsGo
        case takeSocketsBack
    }

    /// How long after a failure it is tried again.
    static let retry: Duration = .seconds(1)
    /// With a longer pause, the server's own renewals are broken. A database that was away was away for all: those who had
    /// renewed half a minute ago may be about to. The slowest other has then been silent for at most a renewal more.
    private static let maxPause: Duration = NodeTiming.renewal + .milliseconds(2500)
    /// The server is no longer ready when a renewal is overdue for that long.
    static let maxOverdue: Duration = .seconds(5)
    /// Without a renewal for so long, a server that has others beside it lets its sockets go.
    static let letGoAfter: Duration = .seconds(60)

    private let maxPause: Duration
    private var hasRow = true
    private var askedAt: ContinuousClock.Instant?
    private var hasFailed = false
    private var hasLetGo = false
    /// When the last renewal that was answered was sent: its row is at least as new.
    private var confirmedAt: ContinuousClock.Instant
    private var unbrokenSince: ContinuousClock.Instant
    /// When to ask next.
    private(set) var nextAsk: ContinuousClock.Instant
    /// How many other servers were alive at the last renewal.
    private(set) var others: Int

    /// - Parameters:
    ///   - now: When the row was made.
    ///   - maxPause: Another one, to see that the tests notice it.
    init(others: Int, now: ContinuousClock.Instant, maxPause: Duration = Self.maxPause) {
        self.maxPause = maxPause
        self.others = others
        confirmedAt = now
        unbrokenSince = now
        nextAsk = now + NodeTiming.renewal
    }

    /// How old the lease is.
    func age(_ now: ContinuousClock.Instant) -> Duration { now - confirmedAt }

    func isOverdue(_ now: ContinuousClock.Instant) -> Bool { age(now) > NodeTiming.renewal + Self.maxOverdue }

    mutating func tick(_ now: ContinuousClock.Instant) -> [Action] {
        var actions: [Action] = []
        // A server that was frozen asks first.
        if hasFailed, !hasLetGo, others > 0, age(now) >= Self.letGoAfter {
            hasLetGo = true
            actions.append(.letSocketsGo)
        }
        if askedAt == nil, now >= nextAsk {
            askedAt = now
            actions.append(hasRow ? .renew : .join)
        }
        return actions
    }

    /// - Parameters:
    ///   - others: How many other servers are alive.
    ///   - dead: How many rows of dead servers there are.
    mutating func renewed(others: Int, dead: Int, now: ContinuousClock.Instant) -> [Action] {
        guard let askedAt else { return [] }
        if askedAt - confirmedAt > maxPause { unbrokenSince = askedAt }
        self.others = others
        var actions = confirm(askedAt, now)
        if dead > 0, isUnbroken { actions.append(.reap) }
        return actions
    }

    /// Whether the server's own renewals have succeeded for so long that a silent server is dead.
    var isUnbroken: Bool { confirmedAt - unbrokenSince >= NodeTiming.death }

    /// The row is gone: others took the server for dead.
    mutating func isGone(now: ContinuousClock.Instant) {
        askedAt = nil
        hasRow = false
        nextAsk = now
    }

    mutating func joined(others: Int, now: ContinuousClock.Instant) -> [Action] {
        guard let askedAt else { return [] }
        hasRow = true
        unbrokenSince = askedAt
        self.others = others
        return [.beginEpoch] + confirm(askedAt, now)
    }

    mutating func failed(now: ContinuousClock.Instant) {
        askedAt = nil
        hasFailed = true
        nextAsk = now + Self.retry
    }

    /// To be asked at once, for something that others should know.
    mutating func hurry(now: ContinuousClock.Instant) { nextAsk = min(nextAsk, now) }

    private mutating func confirm(_ asked: ContinuousClock.Instant, _ now: ContinuousClock.Instant) -> [Action] {
        askedAt = nil
        hasFailed = false
        confirmedAt = asked
        nextAsk = max(asked + NodeTiming.renewal, now)
        guard hasLetGo else { return [] }
        hasLetGo = false
        return [.takeSocketsBack]
    }
}
