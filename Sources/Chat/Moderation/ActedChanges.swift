import ChatStore

/// On which of the kept changes this server has acted. Pure.
///
/// Every server reads all changes. Their ids do not become visible in order, but transactions say when there is nothing to
/// come before them: so a server reads again from the oldest transaction that was under way, and leaves out what it knows.
struct ActedChanges: Sendable {
    /// Everything of transactions before this one has been acted on.
    private(set) var horizon = 0
    /// Changes of later transactions that have been acted on, and their transactions.
    private var acted: [Int: Int] = [:]
    /// The horizon that the round under way will reach.
    private var nextHorizon: Int?
    private var position = (transaction: 0, id: 0)

    /// Where the next page begins: past this.
    var next: (transaction: Int, id: Int) { nextHorizon == nil ? (horizon, 0) : position }

    /// What is new in a page. `finish` follows when it has been acted on; if that fails, the same page comes again.
    /// - Returns: Nil when the page is to be read anew: the database went back to an earlier time, and its transactions may
    ///   have the numbers of others.
    mutating func new(in page: ModerationStore.Page) -> [ModerationStore.Change]? {
        guard page.oldestTransaction >= horizon else {
            self = ActedChanges()
            return nil
        }
        return page.changes.filter { acted[$0.id] != $0.transaction }
    }

    /// - Returns: Whether there are more pages in this round.
    mutating func finish(_ page: ModerationStore.Page) -> Bool {
        // Later pages may see more, of which earlier ones did not have all.
        let reached = nextHorizon ?? page.oldestTransaction
        for change in page.changes { acted[change.id] = change.transaction }
        guard let last = page.changes.last else {
            horizon = max(horizon, reached)
            acted = acted.filter { $0.value >= horizon }
            nextHorizon = nil
            return false
        }
        nextHorizon = reached
        position = (last.transaction, last.id)
        return true
    }
}
