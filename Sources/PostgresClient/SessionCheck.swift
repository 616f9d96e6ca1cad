import Foundation

extension PostgresClient {
    /// Whether each connection keeps its own session, with its settings, prepared statements, locks and listeners. A
    /// pooler that assigns transactions to any of its sessions (PgBouncer's `pool_mode = transaction`) breaks this, and
    /// this library cannot work behind it. Asks on a separate thread. A server without a pooler gets one query.
    public static func keepsSessions(_ connectionString: String) async throws(PostgresError) -> Bool {
        let result = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    returning: Result { () throws(PostgresError) in try SessionCheck(connectionString).isKept() })
            }
        }
        return try result.get()
    }
}

/// Two blocking connections. Stays on one thread.
private struct SessionCheck {
    private let parameters: PQParameters

    init(_ connectionString: String) throws(PostgresError) {
        parameters = try PQParameters(
            connectionString: connectionString, applicationName: "parley-check", connectTimeout: .seconds(10))
    }

    func isKept() throws(PostgresError) -> Bool {
        let first = try PQConnection.connect(parameters)
        let session = try session(of: first)
        // A pooler makes up the backend id that it tells its clients for cancel requests.
        if session == first.backendID { return true }
        // A pooler that keeps sessions is fine. Others give the second client the first one's session, or move the
        // first one to another session.
        let second = try PQConnection.connect(parameters)
        do {
            try run("BEGIN", on: second)
        } catch  where error.code == .server {
            // A pooler of single statements refuses transactions.
            return false
        }
        if try self.session(of: second) == session { return false }
        return try self.session(of: first) == session
    }

    private func session(of connection: PQConnection) throws(PostgresError) -> Int {
        let rows = PostgresResult(storage: try run("SELECT pg_backend_pid()", on: connection))
        guard let id = try rows.first?.decode(0, as: Int.self) else { throw connection.failure() }
        return id
    }

    @discardableResult
    private func run(_ sql: String, on connection: PQConnection) throws(PostgresError) -> PQResult {
        guard let result = connection.execute(sql, []) else { throw connection.failure() }
        guard result.status != .failed else { throw result.error }
        return result
    }
}
