package import Foundation

/// How far a conversation's URLs are good, as `settle_departure` keeps it in the database.
package struct URLEpochs: Sendable, Equatable {
    /// A moment in Unix time from which URLs are signed with it, and those of earlier epochs are refused.
    package var current: Int
    /// Until then those of this one are good, and of none before it.
    package var previous: Int

    /// Whole seconds for which a URL of `epoch` is good as far as this goes; nil when it has ended.
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
