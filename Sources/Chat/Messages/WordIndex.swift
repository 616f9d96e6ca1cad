import Logging
import PostgresClient

/// Keeps what searches have to read beside the index short: the words of new messages wait in a list, which the
/// database merges into the index by itself only when it is long (migration 0012).
struct WordIndex: Sendable {
    let database: PostgresClient
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
                // Not on the connections that all queries share: what came behind would wait.
                try await database.withTransaction {
                    try await $0.query("SELECT gin_clean_pending_list('messages_words')")
                }
                merged = stored
            } catch {
                logger.debug("the words of new messages are merged later", metadata: ["error": "\(error)"])
            }
        }
    }
}
