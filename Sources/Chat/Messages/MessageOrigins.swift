import ChatModel
import Synchronization

/// Which connections sent the messages that are being stored. Whoever reads what was missed may find such a message before
/// it is announced. Its sender awaits the acknowledgement, and is not told of it by an event then, either.
final class MessageOrigins: Sendable {
    private let origins = Mutex<[MessageID: ConnectionID]>([:])

    subscript(id: MessageID) -> ConnectionID? { origins.withLock { $0[id] } }

    /// To be called before the messages are stored.
    func add(_ drafts: [Draft]) {
        origins.withLock { origins in for draft in drafts { origins[draft.id] = draft.origin } }
    }

    /// To be called when they have been announced.
    func remove(_ drafts: [Draft]) {
        origins.withLock { origins in for draft in drafts { origins[draft.id] = nil } }
    }
}
