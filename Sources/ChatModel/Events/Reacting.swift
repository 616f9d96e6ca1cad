/// What one user did to the reactions of a message.
public struct Reacting: Sendable {
    public var emoji: String
    public var user: UserID
    /// False when it was taken back.
    public var isAdded: Bool
    /// Of the change, which the message may have passed by now.
    public var revision: Int

    package init(emoji: String, user: UserID, isAdded: Bool, revision: Int) {
        self.emoji = emoji
        self.user = user
        self.isAdded = isAdded
        self.revision = revision
    }
}
