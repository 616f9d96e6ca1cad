public import Foundation

/// A person, as API.md describes them.
public struct User: Sendable, Equatable {
    public enum Status: String, Sendable, Codable { case online, offline }

    public var id: UserID
    public var username: String
    public var displayName: String
    public var about: String?
    public var avatar: Upload?
    public var createdAt: Date
    /// Only shown to others, not to the user.
    public var status: Status?
    public var lastSeenAt: Date?
    /// Whether the account is banned or disabled.
    public var isClosed: Bool
    public var statusMessage: StatusMessage?
    public var doNotDisturb: DoNotDisturb?
    /// Only shown to the user: until when their messages are refused.
    public var mutedUntil: Date?

    package init(
        id: UserID, username: String, displayName: String, about: String? = nil, avatar: Upload? = nil, createdAt: Date,
        status: Status? = nil, lastSeenAt: Date? = nil, isClosed: Bool = false,
        statusMessage: StatusMessage? = nil, doNotDisturb: DoNotDisturb? = nil, mutedUntil: Date? = nil
    ) {
        self.id = id
        self.username = username
        self.displayName = displayName
        self.about = about
        self.avatar = avatar
        self.createdAt = createdAt
        self.status = status
        self.lastSeenAt = lastSeenAt
        self.isClosed = isClosed
        self.statusMessage = statusMessage
        self.doNotDisturb = doNotDisturb
        self.mutedUntil = mutedUntil
    }
}
