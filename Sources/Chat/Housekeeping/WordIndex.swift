import ChatModel
import ChatStore
import Logging

/// Keeps what searches have to read beside the index short: the words of new messages wait in a list, which the
/// database merges into the index by itself only when it is long (migration 0012).
struct WordIndex: Sendable {
    let store: MessageStore
    /// How many messages were stored since the start.
    let messages: Counter
    let logger: Logger

    private static let period: Duration = .seconds(2)

    /// Until the task is cancelled.
    func run() async {
        var merged = messages.value
        while (try? await Task.sleep(for: Self.period)) != nil {
            let stored = messages.value
            guard stored != merged else { continue }
            do {
                try await store.mergeWords()
                merged = stored
            } catch {
                logger.debug("the words of new messages are merged later", metadata: ["error": "\(error)"])
            }
        }
    }
}
