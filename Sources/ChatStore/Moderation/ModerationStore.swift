package import ChatModel
package import Foundation
import PostgresClient

/// The SQL of what moderators did: `moderation.kept_changes`, and the blocked words.
package struct ModerationStore: Sendable {
    /// What the triggers of `migrations/0007_moderation.sql` and later ones notify.
    private static let channel = "parley_moderation"

    let database: PostgresClient

    package struct Change: Sendable {
        package enum Kind: String, Sendable { case message, access, mute, upload, words, membership, conversation }

        package var id: Int
        /// The number of the transaction that made it.
        package var transaction: Int
        /// nil for one that a newer server knows.
        package var kind: Kind?
        /// The message, user, upload or conversation that changed; nil for the words.
        package var subject: UUID?

        package init(id: Int, transaction: Int, kind: Kind?, subject: UUID?) {
            self.id = id
            self.transaction = transaction
            self.kind = kind
            self.subject = subject
        }
    }

    /// Some changes, in the order of their transactions, and of their ids within one.
    package struct Page: Sendable {
        package var changes: [Change]
        /// What transactions before this one changed is all there: none of them is under way.
        package var oldestTransaction: Int

        package init(changes: [Change], oldestTransaction: Int) {
            self.changes = changes
            self.oldestTransaction = oldestTransaction
        }
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

    /// The changes of this transaction past that id, and of later ones.
    package func changes(from transaction: Int, past id: Int, limit: Int) async throws -> Page {
        let start: PostgresQuery = "\(transaction)::text::xid8"
        let rows = try await database.query(
            """
            SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest_transaction, k.*
            FROM (SELECT 1) AS one LEFT JOIN LATERAL (
                SELECT k.id, k.kind, k.subject, k.xid, k.xid::text::bigint AS transaction
                FROM moderation.kept_changes k WHERE (k.xid, k.id) > (\(start), \(id))
                ORDER BY k.xid, k.id LIMIT \(limit)
            ) k ON true
            ORDER BY k.xid, k.id
            """)
        let oldest: Int = try rows.first?["oldest_transaction"] ?? 0
        let changes = try rows.compactMap { row -> Change? in
            guard let id = try row.decode("id", as: Int?.self) else { return nil }
            return Change(
                id: id, transaction: try row["transaction"], kind: Change.Kind(rawValue: try row["kind"]),
                subject: try row["subject"])
        }
        return Page(changes: changes, oldestTransaction: oldest)
    }

    /// Deletes changes that every server has had `age` to see, of transactions before this one. The caller has acted on
    /// them. One of a transaction that has yet to come is from the backup of another cluster.
    package func forget(olderThan age: TimeInterval, before transaction: Int) async throws {
        try await database.query(
            """
            DELETE FROM moderation.kept_changes k
            WHERE k.at < now() - make_interval(secs => \(age)) AND \(Moment.number(of: "k.xid")) < \(transaction)
            """)
        // What there was no server of the version before to take.
        try await database.query(
            "DELETE FROM moderation.changes WHERE at < now() - make_interval(secs => \(age))")
    }

    package func blockedWords() async throws -> [(pattern: String, action: WordFilter.Action)] {
        let rows = try await database.query("SELECT pattern, action FROM moderation.blocked_words ORDER BY pattern")
        return try rows.map { (try $0["pattern"], try $0["action"]) }
    }
}
