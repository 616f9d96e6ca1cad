package import ChatModel
import PostgresClient

/// Questions whose cost grows with what is stored. Each person asks one at a time; the connections they use ask one
/// question at a time each, and every question has a short bound (`PostgresConfiguration.queryTimeout`).
package final class ReadingLine: Sendable {
    private static let maximumWait: Duration = .seconds(3)

    private let turns = KeyedLock<UserID>()
    private let maximumWaiting: Int
    private let tooLong: ChatError

    /// - Parameters:
    ///   - maximumWaiting: questions of one person that may wait for the one under way.
    ///   - advice: what somebody reads whose question took too long.
    package init(maximumWaiting: Int, advice: String) {
        self.maximumWaiting = maximumWaiting
        tooLong = ChatError(.unavailable, advice, retryAfter: 1)
    }

    package func ask<Value: Sendable>(_ user: UserID, _ body: @Sendable () async throws -> Value) async throws -> Value
    {
        do {
            return try await turns.withLock(
                user, behindAtMost: maximumWaiting, until: .now + Self.maximumWait, body)
        } catch let error as PostgresError where error.tookTooLong {
            throw tooLong
        }
    }
}

extension PostgresError {
    /// Whether the bound on the query's time was met, on either side.
    var tookTooLong: Bool { code == .timedOut || sqlState == .queryCanceled }
}
