import ChatModel
import ChatStore
import Synchronization

/// The word filter as it is now, kept in memory so that sending a message asks the database nothing for it.
final class BlockedWords: Sendable {
    private let filter = Mutex(WordFilter([]))
    private let store: ModerationStore

    init(store: ModerationStore) { self.store = store }

    var current: WordFilter { filter.withLock { $0 } }

    /// Called at the start, and whenever a change of the words was announced or may have been missed.
    func reload() async throws {
        let new = WordFilter(try await store.blockedWords())
        filter.withLock { $0 = new }
    }
}
