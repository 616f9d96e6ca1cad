package import ChatModel
import ChatStore

/// Reads what a timeline missed. Conversations that are read at the same time share a statement.
package struct ConversationSnapshots: Sendable {
    private struct Question: Hashable {
        var id: ConversationID
        var since: Int
    }

    /// The snapshot, and to whom the conversation is shown.
    package typealias Answer = (snapshot: Timeline<LiveStep>.Snapshot, members: Set<UserID>)

    private let store: BatchedQuery<Question, ConversationStore.Snapshot?>
    private let announcements: ConversationAnnouncements
    private let origins: MessageOrigins

    init(store: ConversationStore, announcements: ConversationAnnouncements, origins: MessageOrigins) {
        self.origins = origins
        self.store = BatchedQuery(maxBatch: 32, missing: nil) { questions in
            // Of one conversation, the answer to the oldest question serves all.
            let oldest = Dictionary(grouping: questions, by: \.id).mapValues { $0.map(\.since).min() ?? 0 }
            let found = try await store.snapshots(oldest.map { (id: $0.key, since: $0.value) })
            let byID = Dictionary(found.map { ($0.position.id, $0) }, uniquingKeysWith: { first, _ in first })
            return Dictionary(questions.map { ($0, byID[$0.id]) }, uniquingKeysWith: { first, _ in first })
        }
        self.announcements = announcements
    }

    /// - Parameter isFirst: Whether its messages are news to nobody: however many there are, it can be told.
    /// - Returns: Nil when there is more than can be told, or no such conversation.
    package func read(
        _ id: ConversationID, since revision: Int, isWhole: Bool, isFirst: Bool = false
    ) async throws -> Answer? {
        // Those who are let in read the messages by themselves.
        let since = isFirst ? Int(Int32.max) : revision
        guard let found = try await store(Question(id: id, since: since)), isFirst || !found.isCut else { return nil }
        let position = found.position
        let messages = found.messages.filter { $0.revision > revision }
        // Each revision that is no message's may be a member's, a role's or the title's.
        let isExplained = messages.count == position.revision - revision
        // A message shows a direct conversation again to whoever has hidden it.
        let isNobodyNew = isExplained && !isWhole && found.members.count > 2
        let views = isNobodyNew ? [] : try await announcements.views(of: id, for: Array(found.members))
        let arrivals = LiveStep.several(
            views.map { .enter(id, NewMember(user: $0.user, view: $0.view)) })
        let snapshot = Timeline<LiveStep>.Snapshot(
            revision: position.revision, lastSeq: position.lastSeq,
            departures: .keep(id, members: found.members, revision: position.revision), arrivals: arrivals,
            beginning: arrivals,
            others: isExplained
                ? nil : .several(views.map { .event(.conversationUpdated($0.view, for: $0.user)) }),
            othersRevision: views.map(\.view.revision).max() ?? 0, messages: messages.map(entry))
        return (snapshot, found.members)
    }

    private func entry(_ message: Message) -> Timeline<LiveStep>.Snapshot.Message {
        .init(
            seq: message.seq, revision: message.revision,
            // A message that was deleted before anybody saw it is none to those who have not seen it, but keeps its place.
            whenNew: .missed(message, origin: origins[message.id]),
            whenChanged: .event(message.deletedAt == nil ? .messageUpdated(message) : .messageDeleted(message)))
    }
}
