package import ChatModel
package import Foundation
import PostgresClient

/// The SQL of what moderators did: the queue `moderation.changes` and what its rows refer to.
package struct ModerationStore: Sendable {
    /// What the triggers of `migrations/0007_moderation.sql` and later ones notify.
    private static let channel = "parley_moderation"

    let database: PostgresClient

    package struct Change: Sendable {
        package enum Kind: String, Sendable { case message, access, mute, upload, words, membership }

        package var id: Int
        package var kind: Kind
        /// What changed: a message, a user or an upload; nil for the words.
        package var subject: UUID?
    }

    package enum Hint: Sendable {
        case change
        /// The connection is new: changes may have been missed.
        case connected
    }

    /// A hint whenever the queue may have something.
    package func hints() -> some AsyncSequence<Hint, Never> & Sendable {
        database.listen([Self.channel]).map { $0 == .connected ? .connected : .change }
    }

    /// The oldest changes that have not been acted on.
    package func changes(limit: Int) async throws -> [Change] {
        let rows = try await database.query(
            "SELECT id, kind, subject FROM moderation.changes ORDER BY id LIMIT \(limit)")
        return try rows.map { row in
            Change(id: try row.decode("id"), kind: try row.decodeEnum("kind"), subject: try row.decode("subject"))
        }
    }

    package func forget(_ changes: [Change]) async throws {
        try await database.query("DELETE FROM moderation.changes WHERE id = ANY(\(changes.map(\.id)))")
    }

    /// Until when those of `users` are muted; nil for somebody who is not any more.
    package func mutes(of users: [UserID]) async throws -> [(user: UserID, until: Date?)] {
        let rows = try await database.query(
            """
            SELECT id, CASE WHEN muted_until > now() THEN muted_until END AS until
            FROM users WHERE id = ANY(\(users.map(\.uuid)))
            """)
        return try rows.map { (UserID(try $0.decode("id")), try $0.decode("until")) }
    }

    package func blockedWords() async throws -> [(pattern: String, action: WordFilter.Action)] {
        let rows = try await database.query("SELECT pattern, action FROM moderation.blocked_words ORDER BY pattern")
        return try rows.map { (try $0.decode("pattern"), try $0.decodeEnum("action")) }
    }

    /// The word filter's reports, whose author is nobody, of those of the messages that are stored.
    static func report(_ messages: [(id: MessageID, patterns: [String])]) -> PostgresQuery {
        """
        INSERT INTO reports (id, message_id, reason)
        SELECT r.id, r.message_id, r.reason
        FROM unnest(\(messages.map { _ in ReportID.make().uuid }), \(messages.map(\.id.uuid)),
                \(messages.map { Self.reason($0.patterns) })) AS r (id, message_id, reason)
            JOIN messages m ON m.id = r.message_id
        """
    }

    /// At most 1,000 characters, as `reports` takes.
    private static func reason(_ patterns: [String]) -> String {
        String(("word filter: " + patterns.joined(separator: ", ")).unicodeScalars.prefix(1000))
    }
}
