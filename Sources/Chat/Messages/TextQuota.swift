import ChatModel
import ChatStore
import Logging
import Synchronization

/// Limits how much text each user may store, so that nobody fills the database.
///
/// Stored and deleted text is counted in memory and written every few seconds, so that a message waits for no row but its
/// own. A crash loses the counts of some seconds. With several servers, a user may exceed the quota by what the others
/// store meanwhile.
final class TextQuota: Sendable {
    /// The bytes of a message beside its text: the row and its index entries.
    static let bytesOfMessage = 512

    private static let period: Duration = .seconds(5)
    /// How many users are remembered. Beyond it, users whose counts are written are forgotten, and read again when they
    /// send.
    private static let maxRemembered = 50_000

    private struct Count {
        /// The count in the database; nil before it was read.
        var stored: Int?
        /// The change since then, which is to be written.
        var change = 0
    }

    private let bytes: Int
    private let store: TextQuotaStore
    private let logger: Logger
    private let counts = Mutex<[UserID: Count]>([:])

    /// - Parameter bytes: The quota of one user; 0 for no limit.
    init(bytes: Int, store: TextQuotaStore, logger: Logger) {
        self.bytes = bytes
        self.store = store
        self.logger = logger
    }

    /// Whether the user has room. True for a user whose count has not been read yet.
    func hasRoom(_ user: UserID) -> Bool {
        guard bytes > 0 else { return true }
        return counts.withLock { counts in
            guard let count = counts[user] else {
                counts[user] = Count()
                return true
            }
            return (count.stored ?? 0) + count.change < bytes
        }
    }

    /// - Parameter change: Negative for text that was deleted.
    func count(_ change: Int, of user: UserID) {
        guard bytes > 0 else { return }
        counts.withLock { $0[user, default: Count()].change += change }
    }

    /// Reads and writes counts until the task is cancelled.
    func run() async {
        guard bytes > 0 else { return }
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.period)
            if !Task.isCancelled { await settle() }
        }
    }

    /// Writes the changes, and reads the counts that are not known yet.
    func settle() async {
        let due = counts.withLock { counts -> [UserID: Int] in
            let due = counts.filter { $0.value.stored == nil || $0.value.change != 0 }.mapValues(\.change)
            for user in due.keys { counts[user]?.change = 0 }
            return due
        }
        guard !due.isEmpty else { return }
        do {
            let stored = try await store.add(due)
            counts.withLock { counts in
                for (user, change) in due {
                    if let bytes = stored[user] {
                        counts[user]?.stored = bytes
                    } else {
                        // A new user whose row is locked, or a user who is gone.
                        counts[user]?.change += change
                    }
                }
                guard counts.count > Self.maxRemembered else { return }
                counts = counts.filter { $0.value.change != 0 }
            }
        } catch {
            logger.warning("stored text cannot be counted", metadata: ["error": "\(error)"])
            if DatabaseFailure.maybeExecuted(error) { return }
            counts.withLock { counts in
                for (user, change) in due { counts[user, default: Count()].change += change }
            }
        }
    }
}
