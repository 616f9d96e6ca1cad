import Foundation

extension PostgresClient {
    /// Whether what a connection sets up, prepares, locks and listens to stays its own. Behind a pooler that hands each
    /// transaction to any of its sessions (PgBouncer's `pool_mode = transaction`) it does not, and nothing of this
    /// library works. Asks on a thread of its own; of a server that is reached directly, one question.
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
        // A pooler makes up the id that it tells its clients for their cancel requests.
        if session == first.backendID { return true }
        // One that keeps sessions is good. Another gives the second client the session that the first has just used, or
        // the first another one from then on.
        let second = try PQConnection.connect(parameters)
        do {
            try run("BEGIN", on: second)
        } catch  where error.code == .server {
            // A pooler of single statements takes no transaction.
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
