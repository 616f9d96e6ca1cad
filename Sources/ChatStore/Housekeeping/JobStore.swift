package import Foundation
import PostgresClient

/// The SQL of work that one of the servers does from time to time. A row of `jobs` says when it is due next.
package struct JobStore: Sendable {
    let database: PostgresClient

    /// One server's turn at a job.
    package struct Turn: Sendable {
        package var job: String
        var id: UUID
    }

    /// Takes the job if it is due. Another server may take it after `lease`, unless the turn is extended or ended.
    /// - Returns: Nil when it is not due, or another server is at it.
    package func take(_ job: String, lease: Duration) async throws -> Turn? {
        let turn = Turn(job: job, id: UUID())
        let rows = try await database.query(
            """
            INSERT INTO jobs AS j (name, next_at, taken_by) VALUES (\(job), now() + \(lease.interval), \(turn.id))
            ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at, taken_by = excluded.taken_by
                WHERE j.next_at <= now()
            RETURNING 1
            """)
        return rows.isEmpty ? nil : turn
    }

    /// The server is still at work.
    /// - Returns: Whether it is still this server's turn.
    @discardableResult
    package func extend(_ turn: Turn, by lease: Duration) async throws -> Bool {
        try await setNext(turn, in: lease, takenBy: turn.id)
    }

    /// - Parameter pause: After which the job is due again.
    package func end(_ turn: Turn, pause: Duration) async throws {
        try await setNext(turn, in: pause, takenBy: nil)
    }

    @discardableResult
    private func setNext(_ turn: Turn, in pause: Duration, takenBy: UUID?) async throws -> Bool {
        let rows = try await database.query(
            """
            UPDATE jobs SET next_at = now() + \(pause.interval), taken_by = \(takenBy)
            WHERE name = \(turn.job) AND taken_by = \(turn.id) RETURNING 1
            """)
        return !rows.isEmpty
    }

    /// There is no other server: whoever is noted as being at work has died, and everything is due.
    package func makeAllDue() async throws {
        try await database.query("UPDATE jobs SET next_at = now(), taken_by = NULL")
    }
}

extension Duration {
    fileprivate var interval: PostgresQuery {
        let seconds = Double(components.seconds) + Double(components.attoseconds) / 1e18
        return "make_interval(secs => \(max(seconds, 0)))"
    }
}
