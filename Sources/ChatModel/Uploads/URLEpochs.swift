package import Foundation

/// Which URLs of a conversation are still valid. `settle_departure` keeps this in the database.
package struct URLEpochs: Sendable, Equatable {
    /// A Unix time. From then on URLs are signed with it, and URLs of earlier epochs are refused.
    package var current: Int
    /// Until `current` begins, URLs of this epoch are valid, and none of an earlier one.
    package var previous: Int

    /// For how many more seconds a URL of `epoch` is valid; nil when it is not.
    package func validity(of epoch: Int, now: Date = Date()) -> Int? {
        if epoch >= current { return .max }
        let remaining = Double(current) - now.timeIntervalSince1970
        return epoch >= previous && remaining > 0 ? Int(remaining) : nil
    }

    package init(current: Int, previous: Int) {
        self.current = current
        self.previous = previous
    }
}
