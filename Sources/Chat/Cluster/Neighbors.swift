import ChatModel

/// The other servers, as far as this one knows: by what the database says of them, and by what is heard of them.
///
/// A pure machine.
struct Neighbors {
    struct Comparison: Equatable {
        /// Those that are gone and did not say that they stop, and whether another life of them is there.
        var gone: [Gone] = []
        /// Whether there is one of which nothing was known.
        var hasNew = false
        /// Whether there is no other, not even a dead one.
        var isAlone = false
    }

    struct Gone: Equatable {
        var node: NodeIdentity
        var isBack: Bool
    }

    /// Those that live, as far as we know.
    private var known: [UInt16: NodeIdentity] = [:]
    /// Those that said that they stop.
    private var stopped: Set<NodeIdentity> = []
    /// Those that were heard of since the database was asked. Its answer may be older.
    private var met: [UInt16: NodeIdentity] = [:]
    /// Those that are dead, although the database still has them.
    private(set) var dead: Set<NodeIdentity> = []

    /// The database is about to be asked.
    mutating func ask() { met = [:] }

    /// What the database says.
    mutating func compare(_ others: Nodes.Others) -> Comparison {
        // After an outage of the database, everybody was silent.
        let silent = others.mayJudge ? [] : others.silent.filter { known[$0.number] == $0 }
        var living = Dictionary(
            (others.living + silent).map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        living.merge(met) { $1 }
        let gone = known.values.filter { living[$0.number] != $0 }
        let comparison = Comparison(
            gone: gone.filter { !stopped.contains($0) }.map { Gone(node: $0, isBack: living[$0.number] != nil) },
            hasNew: living.keys.contains { known[$0] == nil }, isAlone: others.isNone && met.isEmpty)
        dead = Set(others.silent).subtracting(living.values)
        known = living
        stopped.subtract(gone)
        return comparison
    }

    /// A server was heard of for the first time.
    /// - Returns: Its former life, if that did not say that it stops.
    mutating func meet(_ node: NodeIdentity) -> NodeIdentity? {
        defer {
            known[node.number] = node
            met[node.number] = node
        }
        guard let former = known[node.number], former != node else { return nil }
        return stopped.remove(former) == nil ? former : nil
    }

    mutating func stop(_ node: NodeIdentity) { stopped.insert(node) }
}
