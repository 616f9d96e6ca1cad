/// What one user did to the reactions of a message.
public struct Reacting: Sendable {
    public var emoji: String
    public var user: UserID
    /// False when the reaction was taken back.
    public var isAdded: Bool
    /// The revision of this change. The message may have a later one by now.
    public var revision: Int

    package init(emoji: String, user: UserID, isAdded: Bool, revision: Int) {
        self.emoji = emoji
        self.user = user
        self.isAdded = isAdded
        self.revision = revision
    }
}
