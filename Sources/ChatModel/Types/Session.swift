public import Foundation

/// One signed-in device: the family of refresh tokens that began with one log-in.
public struct Session: Sendable, Codable, Equatable {
    public var id: SessionID
    public var createdAt: Date
    public var lastUsedAt: Date
    public var userAgent: String
    /// Whether the question came from this very session.
    public var current: Bool

    package init(id: SessionID, createdAt: Date, lastUsedAt: Date, userAgent: String, current: Bool) {
        self.id = id
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
        self.userAgent = userAgent
        self.current = current
    }
}
