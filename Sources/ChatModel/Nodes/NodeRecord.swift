/// A server's row.
public struct NodeRecord: Sendable, Equatable {
    public var identity: NodeIdentity
    public var description: NodeDescription
    /// The newest migration when it started.
    public var schema: Int
    public var age: Duration
    /// Since it last said that it lives.
    public var silence: Duration
    public var sockets: Int
    public var isDraining: Bool

    public init(
        identity: NodeIdentity, description: NodeDescription, schema: Int, age: Duration, silence: Duration,
        sockets: Int, isDraining: Bool
    ) {
        self.identity = identity
        self.description = description
        self.schema = schema
        self.age = age
        self.silence = silence
        self.sockets = sockets
        self.isDraining = isDraining
    }

    public var isAlive: Bool { silence < NodeTiming.death }
}
