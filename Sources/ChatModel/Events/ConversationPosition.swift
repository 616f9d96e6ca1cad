/// How far a conversation has come.
public struct ConversationPosition: Sendable, Hashable {
    public var id: ConversationID
    public var revision: Int
    public var lastSeq: Int

    package init(id: ConversationID, revision: Int, lastSeq: Int) {
        self.id = id
        self.revision = revision
        self.lastSeq = lastSeq
    }
}
