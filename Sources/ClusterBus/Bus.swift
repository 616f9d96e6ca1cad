package import ChatModel

/// Tells the other nodes what this one did. The bus is only speed: it may lose, double and reorder, and may be away. What
/// counts is in the database, and hints tell where to look.
package protocol Bus: Sendable {
    /// Whether events reach the others by themselves.
    var isUp: Bool { get }

    /// Tells an event, after its commit. An event with a revision is hinted at as well. Never blocks; where there is no room,
    /// the event is dropped and counted.
    func publish(_ event: BusEvent)

    /// Tells an event for which no revision makes up, after its commit: again and again until it has been sent. If too many
    /// wait, everybody looks at everything instead.
    func publishSurely(_ event: BusEvent)

    /// Tells that a conversation has come to a revision, without an event.
    func hint(_ hint: BusHint)

    /// Tells what waits, and at last this: the server is about to stop. If something cannot be told, this is not either, so
    /// that the others look at everything when they find that the server is gone.
    func end(with event: BusEvent) async

    /// Whether there is nobody to be told. Hints and sure events are kept meanwhile, for a node that is about to be noticed.
    var isAlone: Bool { get }

    /// The database is about to be asked whether there are other nodes. If there are none, `set(isAlone: true)` follows, and
    /// what was told before this is forgotten: a node that joins later reads what is newer than itself.
    func beginAsking()

    func set(isAlone: Bool)

    /// The database, asked at the last `beginAsking`, says that these live.
    func confirm(_ living: [NodeIdentity])

    /// A lost lease: from now on this is another node.
    func adopt(_ node: NodeIdentity)

    /// Receives until the task is canceled. `receive` is called for one input after the other, except that those of hints
    /// and of events may overlap.
    func run(_ receive: @escaping @Sendable (BusInput) async -> Void) async
}

package enum BusInput: Sendable, Equatable {
    /// Hearing of every change begins here: whatever changed before may have been missed.
    case listening
    /// Any conversation may have changed, and revisions may have gone back.
    case everything
    /// A node has begun: nothing that it told before counts.
    case began(NodeIdentity)
    /// What a node told, and is not repeated, may have been missed; of any node if nil.
    case missed(of: NodeIdentity?)
    case events([BusEvent], from: NodeIdentity, counter: UInt64)
    case hints([BusHint])
}
