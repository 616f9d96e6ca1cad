/// A user's membership in a conversation, or the lack of it: what `Permissions` decides by.
public struct Membership: Sendable, Equatable {
    public var kind: Conversation.Kind
    public var visibility: Conversation.Visibility?
    /// Nil for a user who is not a member.
    public var role: Member.Role?
    /// Whether a moderator has muted the user, and the mute lasts.
    public var isMuted: Bool
    /// Whether the other member of a direct conversation has blocked the user.
    public var isShutOut: Bool
    /// Whether the user is not a member because somebody removed them.
    public var wasRemoved: Bool

    public init(
        kind: Conversation.Kind, visibility: Conversation.Visibility?, role: Member.Role?, isMuted: Bool = false,
        isShutOut: Bool = false, wasRemoved: Bool = false
    ) {
        self.kind = kind
        self.visibility = visibility
        self.role = role
        self.isMuted = isMuted
        self.isShutOut = isShutOut
        self.wasRemoved = wasRemoved
    }
}
