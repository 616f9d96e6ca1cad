/// What each way to find the matches of a search costs PostgreSQL, estimated, in microseconds.
struct SearchCosts {
    // Measured at a million messages: reading one in the order of the ids, one in the order of its conversation, one that
    // the index named, and one entry of the index that a beginning of a word collects.
    private static let passing = 0.25
    private static let reading = 0.35
    private static let fetching = 2.5
    private static let collecting = 0.25

    private var own = Double.infinity
    private var whole = Double.infinity
    private var wanted = 0.0

    init() {}

    /// - Parameters:
    ///   - own: How many messages the user can search.
    ///   - stored: How many there are.
    ///   - sampled: How many were looked at, and of them, how many match the parts of `condition`.
    init(
        _ condition: SearchCondition, own: Int, stored: Int, sampled: Int, wanted: Int, whole: Int, beginnings: Int
    ) {
        func all(_ hits: Int) -> Double { max(Double(hits), 0.5) / Double(max(sampled, 1)) * Double(stored) }
        self.own = Double(own) * Self.reading
        if condition.whole != nil { self.whole = all(whole) * Self.fetching }
        let collected = condition.beginnings == nil ? 0 : all(beginnings) * Self.collecting
        self.wanted = collected + all(wanted) * Self.fetching
    }

    var cheapest: MessageStore.SearchWay {
        if own < min(whole, wanted) { return .own }
        return whole <= wanted ? .whole : .wanted
    }

    /// How many of the newest messages to read, again and again more, as long as that costs less than the cheapest way.
    func windows(after first: Int) -> [Int] {
        let least = min(own, whole, wanted)
        return Array(
            sequence(first: first * 4) { $0 < .max / 4 ? $0 * 4 : nil }.prefix { Double($0) * Self.passing <= least })
    }
}
