import ChatModel
import ChatStore
import Synchronization

/// The current word filter. It is in memory, so that sending a message costs no query for it.
final class BlockedWords: Sendable {
    private let filter = Mutex(WordFilter([]))
    private let store: ModerationStore

    init(store: ModerationStore) { self.store = store }

    var current: WordFilter { filter.withLock { $0 } }

    /// Reads the words at the start, and whenever a change was notified or may have been missed.
    func reload() async throws {
        let new = WordFilter(try await store.blockedWords())
        filter.withLock { $0 = new }
    }
}
