package import ChatModel

/// A conversation has come to a revision. Whoever does not have it yet reads it from the database.
package struct BusHint: Sendable, Hashable {
    package var conversation: ConversationID
    package var revision: Int

    package init(_ conversation: ConversationID, _ revision: Int) {
        self.conversation = conversation
        self.revision = revision
    }

    /// In place of hints that were too many: any conversation may have changed.
    package static let everything = BusHint(.unknown, 0)

    /// How many one frame holds: with the frame's head, what a notification of PostgreSQL can carry.
    package static let maxInFrame = 240
}
