import ChatModel
import Logging
import Synchronization

/// Says in the log that the database fails: once when it begins, and as long as it lasts how often in every ten seconds.
/// An outage meets every request there is, and would otherwise be a line for each.
final class DatabaseWarning: Sendable {
    /// One for the process: the failures of all requests are the same news.
    static let shared = DatabaseWarning()

    static let period: Duration = .seconds(10)

    /// Failures since the last line; nil while there are none to be counted.
    private let uncounted = Mutex<Int?>(nil)

    func give(_ error: any Error, _ logger: Logger) {
        let isFirst = uncounted.withLock { uncounted in
            guard let count = uncounted else {
                uncounted = 0
                return true
            }
            uncounted = count + 1
            return false
        }
        guard isFirst else { return }
        logger.warning("the database is not available", metadata: ["error": "\(error)"])
        Task { await summarize(logger) }
    }

    /// Until a period passes without a failure.
    private func summarize(_ logger: Logger) async {
        while true {
            try? await Task.sleep(for: Self.period)
            let count = uncounted.withLock { uncounted in
                let count = uncounted ?? 0
                uncounted = count == 0 ? nil : 0
                return count
            }
            guard count > 0 else { return }
            logger.warning("the database was not available", metadata: ["requests": "\(count)"])
        }
    }
}
