/// Events of which no revision tells, of a node that knows of no other: for one that is about to be noticed. A pure machine.
struct KeptFacts: Sendable {
    private var events: [BusEvent] = []
    /// Those from before the database was last asked whether there are others.
    private var older: [BusEvent] = []
    /// Whether one of those could not be kept, before and since.
    private var wereTooManyOlder = false
    private var areTooMany = false

    /// How many are kept. A node asks every few seconds.
    static let max = 1000

    var wereTooMany: Bool { wereTooManyOlder || areTooMany }

    mutating func add(_ event: BusEvent) {
        guard events.count + older.count < Self.max else {
            areTooMany = true
            return
        }
        events.append(event)
    }

    mutating func beginAsking() {
        older += events
        events = []
        wereTooManyOlder = wereTooMany
        areTooMany = false
    }

    /// There was nobody: who comes later reads what is newer than itself.
    mutating func forgetOlder() {
        older = []
        wereTooManyOlder = false
    }

    /// Removes all, in their order.
    mutating func take() -> [BusEvent] {
        defer { self = KeptFacts() }
        return older + events
    }
}
