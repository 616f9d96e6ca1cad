import Synchronization

/// The promise to tell of a change, made in the transaction that makes it. The transaction may run more than once.
package final class RevisionPromise: Sendable {
    private let conversation: ConversationID
    private let events: any EventSink
    private let revision = Mutex<Int?>(nil)

    package init(_ conversation: ConversationID, _ events: any EventSink) {
        self.conversation = conversation
        self.events = events
    }

    /// To be called just before the commit.
    package func make(_ new: Int) {
        retract()
        revision.withLock { $0 = new }
        events.promise(new, of: conversation)
    }

    /// The transaction failed.
    package func retract() {
        if let old = revision.withLock({ $0.take() }) { events.retract(old, of: conversation) }
    }
}

extension EventSink {
    /// Runs a change that promises to tell of itself. If it fails, the promise is retracted.
    package func promising<Value: Sendable>(
        _ conversation: ConversationID, _ change: (RevisionPromise) async throws -> Value
    ) async throws -> Value {
        let promise = RevisionPromise(conversation, self)
        do {
            return try await change(promise)
        } catch {
            promise.retract()
            throw error
        }
    }
}
