/// Finds names that are probably misspelled settings.
enum SettingNames {
    /// - Returns: A sentence for each name that somebody probably misspelled.
    static func warnings(_ names: some Sequence<String>, in place: String, known: [String]) -> [String] {
        let all = Set(known)
        return names.filter { !all.contains($0) }.sorted().compactMap { name in
            guard let meant = nearest(to: name, among: known) else { return nil }
            return "\(name) in \(place) is no setting; is \(meant) meant?"
        }
    }

    /// A short name allows one typing error, a longer one two.
    private static func nearest(to name: String, among known: [String]) -> String? {
        let upper = name.uppercased()
        return known.map { (name: $0, distance: distance(upper, $0)) }
            .filter { $0.distance <= ($0.name.count < 8 ? 1 : 2) }
            .min { $0.distance < $1.distance }?.name
    }

    /// How many characters were inserted, deleted, replaced, or swapped with the next (optimal string alignment).
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard abs(left.count - right.count) <= 2 else { return .max }
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                var cost = min(row[j] + 1, last[j + 1] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    cost = min(cost, beforeLast[j - 1] + 1)
                }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }
}
