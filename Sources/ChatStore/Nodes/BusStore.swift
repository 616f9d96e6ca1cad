package import PostgresClient

/// The notifications by which servers tell each other, on connections of their own: a notification inside a transaction
/// that stores messages would make all of them wait for each other.
package struct BusStore: Sendable {
    let database: PostgresClient

    /// Which cluster and database it is, as far as nodes of one database have to agree.
    package struct Place: Sendable, Equatable {
        /// The cluster's identifier and the database's name.
        package var scope: String
        /// A fail-over begins a new one.
        package var timeline: UInt32
        /// Microseconds since 1970.
        package var clock: Int64

        package init(scope: String, timeline: UInt32, clock: Int64) {
            self.scope = scope
            self.timeline = timeline
            self.clock = clock
        }
    }

    private static let channel = "parley_bus"

    /// - Parameter database: A client of the bus's own. `sessionParameters` is what its configuration needs.
    package init(database: PostgresClient) { self.database = database }

    /// A notification that is lost in a crash is told of again: nobody waits for the disk.
    package static let sessionParameters = ["synchronous_commit": "off", "jit": "off"]

    /// Whether the connection that notifies is up.
    package var isAvailable: Bool { database.isAvailable }

    package func listen() -> PostgresNotifications { database.listen([Self.channel]) }

    /// - Parameter payloads: Text of less than 8,000 bytes each.
    package func notify(_ payloads: [String]) async throws(PostgresError) {
        try await database.query(
            "SELECT pg_notify(\(Self.channel), payload) FROM unnest(\(payloads)) payload", timeout: .seconds(2))
    }

    package func locate() async throws -> Place {
        let row = try await database.query(
            """
            SELECT (SELECT system_identifier FROM pg_control_system())::text || ':' || current_database() scope,
                CASE WHEN pg_is_in_recovery() THEN '0' ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END timeline,
                (extract(epoch FROM clock_timestamp()) * 1000000)::bigint clock
            """, timeout: .seconds(2))[0]
        let timeline: String = try row["timeline"]
        return Place(
            scope: try row["scope"], timeline: UInt32(timeline, radix: 16) ?? 0, clock: try row["clock"])
    }
}
