/// A row that storing a message has to lock, or that a foreign key's check locks, and that somebody else may hold:
/// whoever works in SQL and has not said COMMIT.
package enum LockedRow: Hashable, Sendable {
    case conversation(ConversationID)
    case user(UserID)
    case message(MessageID)
    case upload(UploadID)
}

extension Draft {
    /// The rows without which it cannot be stored.
    package var rows: Set<LockedRow> {
        var rows: Set<LockedRow> = [.conversation(conversation), .user(sender)]
        if let replyTo { rows.insert(.message(replyTo)) }
        for upload in attachments { rows.insert(.upload(upload)) }
        return rows
    }
}
