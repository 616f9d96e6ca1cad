public import ChatModel

/// What this server counts of its part in what servers tell each other.
public struct ClusterMetrics: Sendable {
    let stream: ConversationStream
    let presence: Presence
    let reconciler: Reconciler

    /// Conversations that somebody here follows, and those of which something is missing.
    public var followed: Int { stream.followed }
    public var troubled: Int { stream.troubled }
    /// Seconds that the reading of what was missed took.
    public var repairs: Histogram { stream.repairs }
    /// How often everything was compared with the database.
    public var reconciliations: Int { reconciler.passes.value }
    /// People who are online, at any server.
    public var online: Int { presence.count }
}
