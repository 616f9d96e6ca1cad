public import ChatModel

/// The first thing a device is told.
public struct Greeting: Sendable {
    public var user: User
    /// How many messages of others have not been delivered, by conversation.
    public var undelivered: [ConversationID: Int]
    /// The moment of this greeting, for the device's first `sync`.
    public var cursor: SyncCursor
}
