import ChatModel
import PostgresClient

/// The moment that a statement sees, as a cursor for `sync`.
enum Moment {
    static let columns: PostgresQuery = """
        (SELECT system_identifier::text FROM pg_control_system()) AS cluster,
        pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest_transaction
        """

    static func cursor(from row: PostgresRow) throws -> SyncCursor {
        SyncCursor(cluster: try row["cluster"], transaction: try row["oldest_transaction"])
    }

    /// A column of transactions as a number: 0 for one that has yet to come. The row is from the backup of another
    /// cluster then, and older than everything here.
    static func number(of column: PostgresQuery) -> PostgresQuery {
        """
        (CASE WHEN \(column) < (SELECT pg_snapshot_xmax(pg_current_snapshot())) THEN \(column)::text::bigint ELSE 0 END)
        """
    }
}
