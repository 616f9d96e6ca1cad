package import Foundation
package import PostgresClient

/// The SQL of limits that all servers share.
package struct SharedLimitStore: Sendable {
    let database: PostgresClient

    package init(database: PostgresClient) { self.database = database }

    /// A limit of one name or address.
    package struct Limit: Sendable {
        package var key: Data
        /// How much may be spent at once.
        package var burst: Double
        /// How much comes back.
        package var perSecond: Double

        package init(key: Data, burst: Double, perSecond: Double) {
            self.key = key
            self.burst = burst
            self.perSecond = perSecond
        }
    }

    /// - Returns: how many seconds until each of the limits has something left; nil if each has.
    package func wait(_ limits: [Limit]) async throws -> Double? {
        let rows = try await database.query(
            """
            SELECT max(extract(epoch FROM l.full_at - now())::float8 - (c.burst - 1) / c.per_second) AS wait
            FROM unnest(\(limits.map(\.key)), \(limits.map(\.burst)), \(limits.map(\.perSecond)))
                AS c (key, burst, per_second)
            JOIN shared_limits l ON l.key = c.key
            """)
        let wait = try rows.first?.decode("wait", as: Double?.self) ?? nil
        return wait.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Spends one of each. Rows are locked in one order, so that two servers never wait for each other.
    package func spend(_ limits: [Limit]) async throws {
        let seconds = limits.map { 1 / $0.perSecond }
        try await database.query(
            """
            INSERT INTO shared_limits AS l (key, full_at)
            SELECT c.key, now() + make_interval(secs => c.seconds)
            FROM unnest(\(limits.map(\.key)), \(seconds)) AS c (key, seconds) ORDER BY c.key
            ON CONFLICT (key) DO UPDATE SET full_at = greatest(l.full_at, now()) + (excluded.full_at - now())
            """)
    }

    /// Forgets limits of which nothing is spent.
    package func forgetFull() async throws {
        try await database.query("DELETE FROM shared_limits WHERE full_at < now()")
    }
}
