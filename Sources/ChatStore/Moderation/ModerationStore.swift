package import ChatModel
package import Foundation
import PostgresClient

/// The SQL of what moderators did: the queue `moderation.changes`, and the blocked words.
package struct ModerationStore: Sendable {
    /// What the triggers of `migrations/0007_moderation.sql` and later ones notify.
    private static let channel = "parley_moderation"

    let database: PostgresClient

    package struct Change: Sendable {
        package enum Kind: String, Sendable { case message, access, mute, upload, words, membership }

        package var id: Int
        package var kind: Kind
        /// The message, user or upload that changed; nil for the words.
        package var subject: UUID?
    }

    package enum Hint: Sendable {
        case change
        /// The connection is new: changes may have been missed.
        case connected
    }

    /// A hint whenever there may be new changes.
    package func hints() -> some AsyncSequence<Hint, Never> & Sendable {
        database.listen([Self.channel]).map { $0 == .connected ? .connected : .change }
    }

    /// The oldest changes in the queue.
    package func changes(limit: Int) async throws -> [Change] {
        let rows = try await database.query(
            "SELECT id, kind, subject FROM moderation.changes ORDER BY id LIMIT \(limit)")
        return try rows.map { row in
            Change(id: try row["id"], kind: try row["kind"], subject: try row["subject"])
        }
    }

    package func forget(_ changes: [Change]) async throws {
        try await database.query("DELETE FROM moderation.changes WHERE id = ANY(\(changes.map(\.id)))")
    }

    package func blockedWords() async throws -> [(pattern: String, action: WordFilter.Action)] {
        let rows = try await database.query("SELECT pattern, action FROM moderation.blocked_words ORDER BY pattern")
        return try rows.map { (try $0["pattern"], try $0["action"]) }
    }
}
