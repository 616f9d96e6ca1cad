public import Foundation

/// What a banned person is told of their ban.
public struct Ban: Sendable, Equatable {
    public var reason: String?
    /// nil for a ban without an end.
    public var until: Date?

    /// - Returns: nil when there is nothing to tell.
    package init?(reason: String?, until: Date?) {
        guard reason != nil || until != nil else { return nil }
        self.reason = reason
        self.until = until
    }
}
