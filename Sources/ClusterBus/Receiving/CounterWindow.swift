/// Which of the last 64 numbers of a rising sequence have been seen. What is older counts as seen.
struct CounterWindow: Sendable {
    enum Finding: Equatable {
        /// New; so many before it have not come.
        case next(skipped: Int)
        /// New, and later than one that was sent after it.
        case late
        case seen
    }

    private var highest: UInt64
    /// Bit n: whether `highest - n` was seen.
    private var bits: UInt64 = 1

    /// - Parameter first: The first number that came. Whether there were others before it is not known.
    init(first: UInt64) { highest = first }

    /// Whether it would count as seen.
    func hasSeen(_ number: UInt64) -> Bool {
        guard number <= highest else { return false }
        let age = highest - number
        return age >= 64 || bits & (1 << age) != 0
    }

    mutating func note(_ number: UInt64) -> Finding {
        if number > highest {
            let step = number - highest
            bits = step < 64 ? bits << step | 1 : 1
            highest = number
            return .next(skipped: Int(clamping: step - 1))
        }
        guard !hasSeen(number) else { return .seen }
        bits |= 1 << (highest - number)
        return .late
    }
}
