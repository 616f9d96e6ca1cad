package import ChatModel
package import Foundation
package import PostgresClient

/// The SQL of the servers' rows.
package struct NodeStore: Sendable {
    let database: PostgresClient

    package init(database: ChatDatabase) { self.database = database.main }

    package init(database: PostgresClient) { self.database = database }

    /// What a server says of itself with each renewal.
    package struct Vitals: Sendable, Equatable {
        package var sockets: Int
        package var isDraining: Bool

        package init(sockets: Int, isDraining: Bool) {
            self.sockets = sockets
            self.isDraining = isDraining
        }
    }

    /// What a renewal tells of the other servers.
    package struct Renewal: Sendable, Equatable {
        package var living: [NodeIdentity]
        package var dead: [NodeIdentity]
    }

    /// How long a renewal may take.
    private static let timeout: Duration = .seconds(3)

    /// - Returns: nil if the server's row is gone.
    package func renew(_ node: UUID, _ vitals: Vitals) async throws -> Renewal? {
        let rows = try await database.query(
            """
            WITH mine AS (
                UPDATE nodes SET alive_at = now(), sockets = \(vitals.sockets), is_draining = \(vitals.isDraining)
                WHERE id = \(node) RETURNING id
            )
            SELECT n.id, n.number, \(NodeTable.isDead) AS is_dead
            FROM mine LEFT JOIN nodes n ON n.id <> mine.id
            """, timeout: Self.timeout)
        guard !rows.isEmpty else { return nil }
        var renewal = Renewal(living: [], dead: [])
        for row in rows {
            // Without others there is one row of nothing.
            guard let epoch = try row.decode("id", as: UUID?.self) else { continue }
            let node = NodeIdentity(number: UInt16(try row["number"] as Int), epoch: epoch)
            if try row["is_dead"] { renewal.dead.append(node) } else { renewal.living.append(node) }
        }
        return renewal
    }

    /// Makes a server's row, in place of the one that its predecessor on the same storage left. Servers join one at a time.
    /// - Parameter ownsDatabase: Whether no other server can run on this database. Every other row is then a dead server's.
    /// - Throws: `NodeAdmission.Refusal`.
    package func join(
        _ admission: NodeAdmission, epoch: UUID, ownsDatabase: Bool
    ) async throws -> (number: UInt16, others: Renewal) {
        try await database.withTransaction { transaction in
            // Anybody who can log in could hold an advisory lock. Only the server's role can lock this table.
            try await transaction.query("LOCK TABLE nodes IN SHARE ROW EXCLUSIVE MODE")
            let rows = try await transaction.query("\(Self.select) FOR UPDATE OF n")
            var records = try rows.map(Self.record)
            let node = admission.node
            var ended = ownsDatabase ? records : records.filter { $0.description.storage == node.storage }
            if ownsDatabase { records = [] }
            let number = try admission.admit(among: records)
            // A dead server's, or it would have been refused.
            ended += records.filter { $0.identity.number == number && $0.description.storage != node.storage }
            if !ended.isEmpty { try await transaction.queries(NodeTable.bury(ended.map(\.identity.epoch))) }
            try await transaction.query(
                """
                INSERT INTO nodes (id, number, host, version, schema, secret_checks, storage, files, shares_files)
                SELECT \(epoch), \(Int16(number)), \(node.host), \(node.version), max(version), \(node.secretChecks),
                    \(node.storage), \(node.files), \(node.sharesFiles) FROM schema_migrations
                """)
            let gone = Set(ended.map(\.identity))
            let others = records.filter { !gone.contains($0.identity) }
            return (
                number,
                Renewal(
                    living: others.filter(\.isAlive).map(\.identity),
                    dead: others.filter { !$0.isAlive }.map(\.identity))
            )
        }
    }

    /// Deletes the rows of dead servers, unless another server is about to.
    /// - Returns: Their numbers.
    package func reap() async throws -> [UInt16] {
        do {
            return try await reapAlone()
        } catch let error as PostgresError where error.sqlState == .lockNotAvailable {
            return []
        }
    }

    private func reapAlone() async throws -> [UInt16] {
        try await database.withTransaction { transaction in
            try await transaction.query("LOCK TABLE nodes IN SHARE ROW EXCLUSIVE MODE NOWAIT")
            let dead = try await transaction.query(
                "SELECT n.id, n.number FROM nodes n WHERE \(NodeTable.isDead) FOR UPDATE")
            if !dead.isEmpty { try await transaction.queries(NodeTable.bury(try dead.map { try $0["id"] })) }
            return try dead.map { UInt16(try $0["number"] as Int) }
        }
    }

    /// A server stops: everybody who was connected to it is gone now.
    package func leave(_ node: UUID) async throws {
        try await database.atomically(["UPDATE nodes SET alive_at = now() WHERE id = \(node)"] + NodeTable.bury([node]))
    }

    /// All rows, by their numbers.
    package func list() async throws -> [NodeRecord] {
        try await database.query("\(Self.select) ORDER BY n.number").map(Self.record)
    }

    /// The same where the database may be of a version without that table.
    package func listIfKnown() async throws -> [NodeRecord] {
        let known = try await database.query("SELECT 1 FROM pg_class WHERE oid = to_regclass('nodes')")
        return known.isEmpty ? [] : try await list()
    }

    private static let select: PostgresQuery = """
        SELECT n.*, extract(epoch FROM now() - n.started_at)::float8 AS age,
            extract(epoch FROM now() - n.alive_at)::float8 AS silence FROM nodes n
        """

    private static func record(_ row: PostgresRow) throws -> NodeRecord {
        NodeRecord(
            identity: NodeIdentity(number: UInt16(try row["number"] as Int), epoch: try row["id"]),
            description: NodeDescription(
                host: try row["host"], version: try row["version"], secretChecks: try row["secret_checks"],
                storage: try row["storage"], files: try row["files"], sharesFiles: try row["shares_files"]),
            schema: try row["schema"], age: .seconds(try row["age"] as Double),
            silence: .seconds(try row["silence"] as Double), sockets: try row["sockets"],
            isDraining: try row["is_draining"])
    }
}
