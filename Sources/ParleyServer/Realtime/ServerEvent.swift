/// The events that the server sends (docs/EVENTS.md).
enum ServerEvent: String, CaseIterable, Sendable {
    case ready
    case messageReceived = "message:received"
    case messageUpdated = "message:updated"
    case messageReactions = "message:reactions"
    case messageDeleted = "message:deleted"
    case messageStatus = "message:status"
    case typing
    case userStatus = "user:status"
    case userUpdated = "user:updated"
    case userMuted = "user:muted"
    case userBlocked = "user:blocked"
    case userSettings = "user:settings"
    case conversationCreated = "conversation:created"
    case conversationUpdated = "conversation:updated"
    case conversationRenamed = "conversation:renamed"
    case conversationRemoved = "conversation:removed"
    case memberUpdated = "member:updated"
    case memberJoined = "member:joined"
    case memberLeft = "member:left"
    case sessionRevoked = "session:revoked"
}
