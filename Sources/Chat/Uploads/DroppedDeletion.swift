import ChatStore
import Media

/// One round of deletions.
enum DroppedDeletion {
    struct Outcome {
        var deleted: [String] = []
        var failed: [(key: String, error: any Error)] = []
        /// Why the round ended early: the store is away, or the task was cancelled.
        var stop: (any Error)?

        /// Why each of several deletions was refused: the server's key may not delete at all.
        var refusal: (any Error)? {
            guard failed.count > 1, deleted.isEmpty, stop == nil else { return nil }
            return failed.allSatisfy { ($0.error as? MediaError)?.code == .refused } ? failed.first?.error : nil
        }
    }

    /// What became of one key. Swift 6.3 miscompiles `(key, .success(try await delete(key)))` where it optimizes: the key is lost.
    private struct Attempt: Sendable {
        let key: String
        let error: (any Error)?
    }

    /// Deletes each key, some at a time. One that cannot be deleted holds up no other.
    static func run(
        _ keys: [String], width: Int, _ delete: @escaping @Sendable (String) async throws -> Void
    ) async -> Outcome {
        var outcome = Outcome()
        for start in stride(from: 0, to: keys.count, by: width) where outcome.stop == nil {
            let attempts = await withTaskGroup(of: Attempt.self) { group in
                for key in keys[start..<min(start + width, keys.count)] {
                    group.addTask {
                        do {
                            try await delete(key)
                            return Attempt(key: key, error: nil)
                        } catch {
                            return Attempt(key: key, error: error)
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for attempt in attempts {
                switch attempt.error {
                case nil: outcome.deleted.append(attempt.key)
                case let error as MediaError where error.code == .away: outcome.stop = error
                case let error as CancellationError: outcome.stop = error
                case let error?: outcome.failed.append((attempt.key, error))
                }
            }
        }
        return outcome
    }

    /// In seconds, after so many failures.
    static func pause(after failures: Int) -> Double {
        min(30 * Double(1 << min(max(failures - 1, 0), 10)), DroppedObjectStore.maxPause)
    }
}
