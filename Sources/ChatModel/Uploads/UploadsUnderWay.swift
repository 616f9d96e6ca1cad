import Synchronization

/// Counts the uploads that are being received, and limits them: in all, for the sake of disk and descriptors; for each
/// user and each address, so that everybody gets a share. It also counts how many bytes they may still bring, so that
/// simultaneous uploads stay within the quota together.
///
/// Shares depend on what is free: a user may hold an eighth of it, an address half. So nobody can take the last places,
/// and a user without an upload nearly always finds one.
///
/// For a while, it also remembers an upper bound of the bytes that a user has stored. Added bytes are counted here,
/// deleted bytes are not.
package final class UploadsUnderWay: Sendable {
    package static let maximum = 256
    package static let maxEach = 16
    /// How many users are remembered. Beyond that, all are forgotten and counted again when they come.
    private static let maxRemembered = 50_000
    /// For how long. A few uploads add bytes without being counted here: one that expired while its next piece came, or
    /// that a moderator restored.
    private static let memory: Duration = .seconds(60)

    /// The place of one upload, with the bytes it may bring. `leave` gives it back.
    package struct Place: Sendable {
        fileprivate let uploader: Uploader
        package fileprivate(set) var bytes: Int
        /// How many bytes the user's other uploads might bring when this one entered.
        package let others: Int
        /// The upper bound of the user's stored bytes when this one entered; nil if it is not known.
        package let keptAtMost: Int?
        fileprivate let added: Int
    }

    private struct Uploads {
        var count = 0
        var bytes = 0
        /// Bytes that were stored since the first of them entered.
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

    /// - Throws: `rate_limited` when the user or the address has too many uploads, `unavailable` when all together have.
    package func enter(_ uploader: Uploader, bytes: Int) throws(ChatError) -> Place {
        try state.withLock { state throws(ChatError) in
            var own = state.each[uploader.user, default: Uploads()]
            let fromAddress = state.fromAddress[uploader.address, default: 0]
            let free = Self.maximum - state.total
            if free == 0 { throw ChatError.unavailable }
            if own.count >= min(Self.maxEach, max(1, free / 8)) {
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

    /// Remembers what the database counted after this place was taken, plus what other uploads added meanwhile.
    package func remember(_ kept: Int, for place: Place) {
        state.withLock { state in
            let user = place.uploader.user
            let added = (state.each[user]?.added ?? 0) - place.added
            if state.kept.count >= Self.maxRemembered { state.kept = [:] }
            state.kept[user] = (kept + added, since: .now)
        }
    }

    /// Gives back bytes that the upload does not need.
    package func shrink(_ place: inout Place, to bytes: Int) {
        let surplus = place.bytes - bytes
        place.bytes = bytes
        state.withLock { [user = place.uploader.user] in $0.each[user]?.bytes -= surplus }
    }

    /// - Parameter kept: The bytes that count against the quota from now on.
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
