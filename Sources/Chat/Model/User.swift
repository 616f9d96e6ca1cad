public import Foundation

/// A person, as API.md shows them.
public struct User: Sendable, Codable, Equatable {
    public enum Status: String, Sendable, Codable { case online, offline }

    public var id: UserID
    public var username: String
    public var displayName: String
    public var about: String?
    public var avatar: Upload?
    public var createdAt: Date
    /// Shown to others only; one's own account has none.
    public var status: Status?
    public var lastSeenAt: Date?
    /// Shown to oneself only: until when one's messages are refused.
    public var mutedUntil: Date?
}

/// Who wrote a message: as much of a user as a bubble shows.
public struct Sender: Sendable, Codable, Equatable {
    public var id: UserID
    public var username: String
    public var displayName: String
}

/// One signed-in device: the family of refresh tokens that began with one log-in.
public struct Session: Sendable, Codable, Equatable {
    public var id: SessionID
    public var createdAt: Date
    public var lastUsedAt: Date
    public var userAgent: String
    /// Whether the question came from this very session.
    public var current: Bool
}
