import Synchronization

/// The uploads that are being received: how many, in all, so that disk and descriptors last, and of one user, so that
/// nobody takes the others' share; and how many bytes they may yet bring, so that uploads side by side stay within the
/// quota together.
///
/// It also remembers for a while how many bytes a user has kept at most: what uploads add to them passes here, and what
/// is taken away does not.
final class UploadsUnderWay: Sendable {
    private static let maximum = 256
    private static let maximumEach = 16
    /// Users remembered; beyond it all are forgotten, and counted again when they come.
    private static let maximumRemembered = 50_000
    /// How long: an upload that expired while its next piece came, or that a moderator gave back, adds unseen.
    private static let memory: Duration = .seconds(60)

    /// One upload's place, with the bytes it may bring. Given back by `leave`.
    struct Place: Sendable {
        fileprivate let user: UserID
        fileprivate(set) var bytes: Int
        /// What the user's other uploads may bring, as this one entered.
        let others: Int
        /// What the user had kept at most, as this one entered; nil if that is not known.
        let keptAtMost: Int?
        fileprivate let added: Int
    }

    private struct Uploads {
        var count = 0
        var bytes = 0
        /// Bytes kept since the first of them entered.
        var added = 0
    }

    private struct State {
        var total = 0
        var each: [UserID: Uploads] = [:]
        var kept: [UserID: (atMost: Int, since: ContinuousClock.Instant)] = [:]
    }

    private let state = Mutex(State())

    /// - Throws: `rate_limited` when the user has too many under way, `unavailable` when everybody together has.
    func enter(_ user: UserID, bytes: Int) throws(ChatError) -> Place {
        try state.withLock { state throws(ChatError) in
            var own = state.each[user, default: Uploads()]
            if own.count >= Self.maximumEach {
                throw ChatError(.rateLimited, "at most \(Self.maximumEach) uploads at a time", retryAfter: 1)
            }
            if state.total >= Self.maximum { throw ChatError.unavailable }
            let kept = state.kept[user].flatMap { $0.since + Self.memory > .now ? $0.atMost : nil }
            let place = Place(user: user, bytes: bytes, others: own.bytes, keptAtMost: kept, added: own.added)
            state.total += 1
            own.count += 1
            own.bytes += bytes
            state.each[user] = own
            return place
        }
    }

    /// Takes note of what the database counted after this place was taken. Others may have added to it meanwhile.
    func remember(_ kept: Int, for place: Place) {
        state.withLock { state in
            let added = (state.each[place.user]?.added ?? 0) - place.added
            if state.kept.count >= Self.maximumRemembered { state.kept = [:] }
            state.kept[place.user] = (kept + added, since: .now)
        }
    }

    /// Fewer bytes than the place was taken for.
    func shrink(_ place: inout Place, to bytes: Int) {
        let surplus = place.bytes - bytes
        place.bytes = bytes
        state.withLock { [user = place.user] in $0.each[user]?.bytes -= surplus }
    }

    /// - Parameter kept: bytes that count against the quota from now on.
    func leave(_ place: Place, keeping kept: Int = 0) {
        state.withLock { state in
            guard var own = state.each[place.user] else { return }
            state.total -= 1
            own.count -= 1
            own.bytes -= place.bytes
            own.added += kept
            state.each[place.user] = own.count > 0 ? own : nil
            state.kept[place.user]?.atMost += kept
        }
    }
}
