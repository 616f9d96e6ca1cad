/// Finds where phrases, which are sequences of numbered words, end in a text: all at once, with one bit for each word of
/// each phrase (R. Baeza-Yates, G. H. Gonnet, "A new approach to text searching", 1992).
package struct PhraseMatcher: Sendable {
    /// Bits, one for each word of each phrase.
    package typealias Places = [UInt64]

    private var count = 0
    /// The places that a word with this number can take.
    private var places: [Int: [Int]] = [:]
    private var firsts: Places = []
    private var lasts: Places = []
    /// The phrase that ends at a place.
    private var patterns: [Int: Int] = [:]

    /// - Parameter words: the numbers of its words, at least one.
    package mutating func add(_ words: [Int], pattern: Int) {
        for word in words {
            places[word, default: []].append(count)
            count += 1
        }
        let length = (count + 63) / 64
        for _ in firsts.count..<length {
            firsts.append(0)
            lasts.append(0)
        }
        Self.set(count - words.count, in: &firsts)
        Self.set(count - 1, in: &lasts)
        patterns[count - 1] = pattern
    }

    /// Before the first word of a text.
    package var start: Places { Places(repeating: 0, count: firsts.count) }

    /// The places of a word that is known by these numbers; nil if it stands in no phrase.
    package func places(of words: [Int]) -> Places? {
        let taken = words.flatMap { places[$0] ?? [] }
        guard !taken.isEmpty else { return nil }
        var found = start
        for place in taken { Self.set(place, in: &found) }
        return found
    }

    /// Goes on by one word.
    /// - Returns: the phrases that end with it.
    package func advance(_ progress: inout Places, _ places: Places?) -> [Int] {
        guard !firsts.isEmpty else { return [] }
        guard let places else {
            progress = start
            return []
        }
        var ended: [Int] = []
        var carry: UInt64 = 0
        for index in progress.indices {
            let before = progress[index]
            let reached = (before << 1 | carry | firsts[index]) & places[index]
            carry = before >> 63
            progress[index] = reached
            var ends = reached & lasts[index]
            while ends != 0 {
                if let pattern = patterns[index * 64 + ends.trailingZeroBitCount] { ended.append(pattern) }
                ends &= ends - 1
            }
        }
        return ended
    }

    private static func set(_ place: Int, in places: inout Places) { places[place / 64] |= 1 << UInt64(place % 64) }
}
