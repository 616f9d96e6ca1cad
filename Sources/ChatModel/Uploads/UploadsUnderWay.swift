import Synchronization

/// The uploads that are being received: how many, in all, so that disk and descriptors last, of one user and from one
/// address, so that nobody takes the others' share; and how many bytes they may yet bring, so that uploads side by side
/// stay within the quota together.
///
/// Shares follow what is free: a user may hold an eighth of it, an address a half. So the more is taken, the less anybody
/// gets of the rest, and who has none finds a place nearly always.
///
/// It also remembers for a while how many bytes a user has kept at most: what uploads add to them passes here, and what
/// is taken away does not.
package final class UploadsUnderWay: Sendable {
    package static let maximum = 256
    package static let maximumEach = 16
    /// Users remembered; beyond it all are forgotten, and counted again when they come.
    private static let maximumRemembered = 50_000
    /// How long: an upload that expired while its next piece came, or that a moderator gave back, adds unseen.
    private static let memory: Duration = .seconds(60)

    /// One upload's place, with the bytes it may bring. Given back by `leave`.
    package struct Place: Sendable {
        fileprivate let uploader: Uploader
        package fileprivate(set) var bytes: Int
        /// What the user's other uploads may bring, as this one entered.
        package let others: Int
        /// What the user had kept at most, as this one entered; nil if that is not known.
        package let keptAtMost: Int?
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
        var fromAddress: [[UInt8]: Int] = [:]
        var kept: [UserID: (atMost: Int, since: ContinuousClock.Instant)] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// - Throws: `rate_limited` when the user has too many under way, or all those at the same address, and `unavailable`
    ///   when everybody together has.
    package func enter(_ uploader: Uploader, bytes: Int) throws(ChatError) -> Place {
        try state.withLock { state throws(ChatError) in
            var own = state.each[uploader.user, default: Uploads()]
            let fromAddress = state.fromAddress[uploader.address, default: 0]
            let free = Self.maximum - state.total
            if free == 0 { throw ChatError.unavailable }
            if own.count >= min(Self.maximumEach, max(1, free / 8)) {
                throw ChatError(.rateLimited, "too many uploads of yours at a time", retryAfter: 1)
            }
            if fromAddress >= max(1, free / 2) {
                throw ChatError(.rateLimited, "too many uploads at a time from your address", retryAfter: 1)
            }
            let kept = state.kept[uploader.user].flatMap { $0.since + Self.memory > .now ? $0.atMost : nil }
            let place = Place(uploader: uploader, bytes: bytes, others: own.bytes, keptAtMost: kept, added: own.added)
            state.total += 1
            state.fromAddress[uploader.address] = fromAddress + 1
            own.count += 1
            own.bytes += bytes
            state.each[uploader.user] = own
            return place
        }
    }

    /// Takes note of what the database counted after this place was taken. Others may have added to it meanwhile.
    package func remember(_ kept: Int, for place: Place) {
        state.withLock { state in
            let user = place.uploader.user
            let added = (state.each[user]?.added ?? 0) - place.added
            if state.kept.count >= Self.maximumRemembered { state.kept = [:] }
            state.kept[user] = (kept + added, since: .now)
        }
    }

    /// Fewer bytes than the place was taken for.
    package func shrink(_ place: inout Place, to bytes: Int) {
        let surplus = place.bytes - bytes
        place.bytes = bytes
        state.withLock { [user = place.uploader.user] in $0.each[user]?.bytes -= surplus }
    }

    /// - Parameter kept: bytes that count against the quota from now on.
    package func leave(_ place: Place, keeping kept: Int = 0) {
        state.withLock { state in
            let (user, address) = (place.uploader.user, place.uploader.address)
            guard var own = state.each[user] else { return }
            state.total -= 1
            let fromAddress = state.fromAddress[address, default: 1] - 1
            state.fromAddress[address] = fromAddress > 0 ? fromAddress : nil
            own.count -= 1
            own.bytes -= place.bytes
            own.added += kept
            state.each[user] = own.count > 0 ? own : nil
            state.kept[user]?.atMost += kept
        }
    }
}
