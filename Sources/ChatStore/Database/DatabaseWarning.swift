import Logging
import Synchronization

/// Logs that the database fails: once when it begins, and then every ten seconds how often. Without it, an outage would
/// log a line for each request.
final class DatabaseWarning: Sendable {
    /// One for the process, because all requests fail for the same reason.
    static let shared = DatabaseWarning()

    static let period: Duration = .seconds(10)

    /// Failures since the last line; nil when the database works.
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

    /// Runs until a period passes without a failure.
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
