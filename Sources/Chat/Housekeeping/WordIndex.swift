import ChatModel
import ChatStore
import Logging

/// Merges the words of new messages into the search index. The database collects them in a list, which every search has
/// to read, and merges it by itself only when it is long (migration 0012).
struct WordIndex: Sendable {
    let store: MessageStore
    /// Counts the messages that were stored since the start.
    let messages: Counter
    let jobs: Jobs
    let logger: Logger

    private static let job = Jobs.Job(name: "merge words", period: .seconds(2), lease: .seconds(60))

    /// Runs until the task is cancelled.
    func run() async {
        var merged = messages.value
        while (try? await Task.sleep(for: Self.job.period)) != nil {
            let stored = messages.value
            guard stored != merged else { continue }
            do {
                // Another server may have merged the words before these messages were stored.
                if try await jobs.attempt(Self.job, { try await store.mergeWords() }) { merged = stored }
            } catch {
                logger.debug("the words of new messages are merged later", metadata: ["error": "\(error)"])
            }
        }
    }
}
