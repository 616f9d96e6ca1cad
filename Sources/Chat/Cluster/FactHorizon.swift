/// From which transaction on the database is searched for what other servers changed without a revision, and may have told in
/// vain. What was told for sure was told within some minutes of its commit, so older changes are not looked for.
///
/// A pure machine; times are counted from any fixed moment.
struct FactHorizon: Sendable {
    /// How often the database's present transaction is asked for.
    static let period: Duration = .seconds(30)
    /// How long a server may try to tell something, or one that does not listen any more may not notice it.
    static let age: Duration = .seconds(300)

    /// The newest that is older than `age`, and those since.
    private var moments: [(transaction: Int, at: Duration)] = []

    /// The transaction from which on everything may have been missed; nil while nothing can have been.
    func transaction(at now: Duration) -> Int? {
        (moments.last { now - $0.at >= Self.age } ?? moments.first)?.transaction
    }

    func isDue(at now: Duration) -> Bool { moments.last.map { now - $0.at >= Self.period } ?? true }

    /// - Parameter transaction: The oldest that was under way.
    mutating func note(_ transaction: Int, at now: Duration) {
        // The database has gone back: its transactions may have the numbers of others.
        if let last = moments.last, transaction < last.transaction { moments = [] }
        moments.append((transaction, now))
        if let old = moments.lastIndex(where: { now - $0.at >= Self.age }) { moments.removeFirst(old) }
    }
}
