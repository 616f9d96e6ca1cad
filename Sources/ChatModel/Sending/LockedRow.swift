/// A row that is locked to store a message, by the statement itself or by a foreign key's check. Somebody else may hold
/// the lock: a person who works in SQL and has not committed.
package enum LockedRow: Hashable, Sendable {
    case conversation(ConversationID)
    case user(UserID)
    case message(MessageID)
    case upload(UploadID)
}

extension Draft {
    /// The rows that must not be locked for the message to be stored.
    package var rows: Set<LockedRow> {
        var rows: Set<LockedRow> = [.conversation(conversation), .user(sender)]
        if let replyTo { rows.insert(.message(replyTo)) }
        for upload in attachments { rows.insert(.upload(upload)) }
        return rows
    }
}
