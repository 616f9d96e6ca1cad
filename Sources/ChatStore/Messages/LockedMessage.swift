package import ChatModel

/// A message that is locked for a change, and the membership of the user who wants to change it.
package struct LockedMessage: Sendable {
    package var conversation: ConversationID
    package var sender: UserID
    package var isDeleted: Bool
    package var text: String
    package var hasAttachments: Bool
    /// Of what was said about the attachments.
    package var altBytes: Int
    /// The picture of the card that it had before the change.
    package var cardPicture: UploadID?
    package var membership: Membership
}
