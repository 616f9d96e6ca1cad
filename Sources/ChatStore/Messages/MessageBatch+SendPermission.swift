import ChatModel
import PostgresClient

/// Who may send a message. The transaction that stores it decides, so nothing changes in between.
extension MessageBatch {
    /// The verdict about one message, in the terms of the batch's statement: `i` is the message, `c` its conversation, `me`
    /// the sender's membership, `u` the sender, `known` the message of the same `clientId`, `replied` the one replied to.
    static func verdict(hasAttachments: Bool) -> PostgresQuery {
        let attachments: PostgresQuery = hasAttachments ? "WHEN \(lacksAttachments) THEN 'attachments'" : ""
        return """
            CASE
                WHEN me.user_id IS NULL AND c.visibility = 'public' THEN 'not_a_member'
                WHEN me.user_id IS NULL THEN 'not_found'
                WHEN known.fingerprint = i.fingerprint THEN 'repeated'
                WHEN known.id IS NOT NULL THEN 'conflict'
                WHEN \(UserTable.isClosed) THEN 'banned'
                WHEN \(BlockTable.shutsOut("i.sender_id")) THEN 'shut_out'
                WHEN \(ConversationTable.isToClosedAccount(from: "i.sender_id")) THEN 'closed'
                WHEN \(UserTable.isMuted) THEN 'muted'
                WHEN i.blocked THEN 'blocked'
                WHEN NOT i.has_room THEN 'full'
                WHEN i.reply_to IS NOT NULL AND replied.id IS NULL THEN 'reply_to'
                \(attachments)
                ELSE 'stored'
            END
            """
    }

    /// Whether the message `i` has an attachment that its sender may not send. `wanted` holds what is to be attached.
    private static let lacksAttachments: PostgresQuery = """
        EXISTS (SELECT 1 FROM wanted w WHERE w.ordinal = i.ordinal AND NOT EXISTS (
            SELECT 1 FROM uploads up WHERE up.id = w.upload_id AND up.owner_id = i.sender_id
                AND NOT \(UploadStore.isGone)))
        """

    /// The error for every verdict but `stored` and `repeated`.
    static func refusal(_ verdict: String) -> ChatError {
        switch verdict {
        case "not_a_member": Permissions.notAMember
        case "not_found": .notFound("conversation")
        case "conflict": ChatError(.conflict, "clientId: was used for another message here", field: "clientId")
        case "banned": ChatError(.banned, "this account is closed")
        case "shut_out": Permissions.shutOut
        case "closed": Permissions.closed
        case "muted": Permissions.muted
        case "blocked": Rules.blockedText
        case "full": .textQuotaExceeded
        case "reply_to": .invalid("replyTo", "no message of this conversation")
        case "attachments": .unusableAttachments
        default: ChatError(.internal, "unknown verdict \(verdict)")
        }
    }
}
