public import Foundation

/// A signed-in device: all refresh tokens that follow from one log-in.
public struct Session: Sendable, Equatable {
    public var id: SessionID
    public var createdAt: Date
    public var lastUsedAt: Date
    public var userAgent: String
    /// Whether this is the session of the user who asks.
    public var current: Bool

    package init(id: SessionID, createdAt: Date, lastUsedAt: Date, userAgent: String, current: Bool) {
        self.id = id
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
        self.userAgent = userAgent
        self.current = current
    }
}
