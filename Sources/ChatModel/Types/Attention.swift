public import Foundation

/// How much of a conversation a member wants to be told, and where it stands in their list. Only they see it.
public struct Attention: Sendable, Equatable {
    /// What a device tells its user of.
    public enum Notifications: String, Sendable, CaseIterable { case all, mentions, none }

    public var notifications: Notifications
    /// Until when it tells of nothing, whatever `notifications` says.
    public var mutedUntil: Date?
    public var isPinned: Bool
    public var isArchived: Bool
    /// The member wants to come back to it. Reading takes it back.
    public var isMarkedUnread: Bool
    /// Rises with every change. Of two, the one with the greater is the later.
    public var version: Int

    package init(
        notifications: Notifications = .all, mutedUntil: Date? = nil, isPinned: Bool = false, isArchived: Bool = false,
        isMarkedUnread: Bool = false, version: Int = 0
    ) {
        self.notifications = notifications
        self.mutedUntil = mutedUntil
        self.isPinned = isPinned
        self.isArchived = isArchived
        self.isMarkedUnread = isMarkedUnread
        self.version = version
    }
}

/// A change of an `Attention`: what is nil stays.
public struct AttentionChange: Sendable, Equatable {
    public enum Muting: Sendable, Equatable {
        case until(Date)
        case ended
    }

    public var notifications: Attention.Notifications?
    public var muting: Muting?
    public var isPinned: Bool?
    public var isArchived: Bool?
    public var isMarkedUnread: Bool?

    public init(
        notifications: Attention.Notifications? = nil, muting: Muting? = nil, isPinned: Bool? = nil,
        isArchived: Bool? = nil, isMarkedUnread: Bool? = nil
    ) {
        self.notifications = notifications
        self.muting = muting
        self.isPinned = isPinned
        self.isArchived = isArchived
        self.isMarkedUnread = isMarkedUnread
    }
}
