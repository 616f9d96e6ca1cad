public import ChatModel
import ChatStore

/// How much of each conversation people want to be told. It belongs to the account, and reaches all its devices.
public struct AttentionSettings: Sendable {
    let store: AttentionStore
    let conversations: Conversations
    let marks: MarkWriter
    let events: any EventSink

    /// - Returns: The conversation as the user sees it afterwards.
    public func change(
        _ change: AttentionChange, of id: ConversationID, by user: UserID
    ) async throws -> Conversation {
        if change == AttentionChange() {
            try await conversations.requireMember(user, of: id)
        } else {
            if change.isMarkedUnread == true { try await writeMarks(of: user, in: id) }
            let isChanged = try await store.change(change, of: user, in: id) { [events] attention in
                events.deliver(.attentionChanged(attention, in: id, for: user))
            }
            if !isChanged { try await conversations.requireMember(user, of: id) }
        }
        return try await conversations.find(id, for: user)
    }

    /// What the user has read until now may wait to be written. It must not take back what they ask for after it.
    private func writeMarks(of user: UserID, in id: ConversationID) async throws {
        try await withCheckedThrowingContinuation { continuation in
            marks.submit(0, read: false, in: id, by: user) { continuation.resume(with: $0) }
        }
    }
}
