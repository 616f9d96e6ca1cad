package import ChatModel

/// Tells the other nodes what this one did. The bus is only speed: it may lose, double and reorder, and may be away. What
/// counts is in the database, and hints tell where to look.
package protocol Bus: Sendable {
    /// Whether events reach the others by themselves.
    var isUp: Bool { get }

    /// Tells an event, after its commit. An event with a revision is hinted at as well. Never blocks; where there is no room,
    /// the event is dropped and counted.
    func publish(_ event: BusEvent)

    /// Tells that a conversation has come to a revision, without an event.
    func hint(_ hint: BusHint)

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
