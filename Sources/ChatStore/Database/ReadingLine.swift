package import ChatModel
import PostgresClient

/// Queues reads whose cost grows with what is stored. Each person has one read under way at a time, and every query has a
/// short time limit (`PostgresConfiguration.queryTimeout`).
package final class ReadingLine: Sendable {
    private static let maxWait: Duration = .seconds(3)

    private let turns = KeyedLock<UserID>()
    private let maxWaiting: Int
    private let tooLong: ChatError

    /// - Parameters:
    ///   - maxWaiting: How many reads of one person may wait.
    ///   - advice: The error text when a read took too long.
    package init(maxWaiting: Int, advice: String) {
        self.maxWaiting = maxWaiting
        tooLong = ChatError(.unavailable, advice, retryAfter: 1)
    }

    package func ask<Value: Sendable>(_ user: UserID, _ body: @Sendable () async throws -> Value) async throws -> Value
    {
        do {
            return try await turns.withLock(
                user, behindAtMost: maxWaiting, until: .now + Self.maxWait, body)
        } catch let error as PostgresError where error.tookTooLong {
            throw tooLong
        }
    }
}

extension PostgresError {
    /// Whether the query met its time limit, here or on the server.
    var tookTooLong: Bool { code == .timedOut || sqlState == .queryCanceled }
}
