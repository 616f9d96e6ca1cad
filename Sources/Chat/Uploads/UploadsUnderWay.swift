import Synchronization

/// The uploads that are being received: how many, in all, so that disk and descriptors last, and of one user, so that
/// nobody takes the others' share; and how many bytes they may yet bring, so that uploads side by side stay within the
/// quota together.
final class UploadsUnderWay: Sendable {
    private static let maximum = 256
    private static let maximumEach = 16

    /// One upload's place, with the bytes it may bring. Given back by `leave`.
    struct Place: Sendable {
        fileprivate let user: UserID
        fileprivate(set) var bytes: Int
        /// What the user's other uploads may bring, as this one entered.
        let others: Int
    }

    private struct Uploads {
        var count = 0
        var bytes = 0
    }

    private let state = Mutex<(total: Int, each: [UserID: Uploads])>((0, [:]))

    /// - Throws: `rate_limited` when the user has too many under way, `unavailable` when everybody together has.
    func enter(_ user: UserID, bytes: Int) throws(ChatError) -> Place {
        try state.withLock { state throws(ChatError) in
            var own = state.each[user, default: Uploads()]
            if own.count >= Self.maximumEach {
                throw ChatError(.rateLimited, "at most \(Self.maximumEach) uploads at a time", retryAfter: 1)
            }
            if state.total >= Self.maximum { throw ChatError.unavailable }
            let place = Place(user: user, bytes: bytes, others: own.bytes)
            state.total += 1
            own.count += 1
            own.bytes += bytes
            state.each[user] = own
            return place
        }
    }

    /// Fewer bytes than the place was taken for.
    func shrink(_ place: inout Place, to bytes: Int) {
        let surplus = place.bytes - bytes
        place.bytes = bytes
        state.withLock { [user = place.user] in $0.each[user]?.bytes -= surplus }
    }

    func leave(_ place: Place) {
        state.withLock { state in
            guard var own = state.each[place.user] else { return }
            state.total -= 1
            own.count -= 1
            own.bytes -= place.bytes
            state.each[place.user] = own.count > 0 ? own : nil
        }
    }
}
