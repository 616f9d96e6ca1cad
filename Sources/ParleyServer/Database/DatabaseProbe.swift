import PostgresClient

/// Whether the database can do its work, for `/ready`: it answers, accepts writes, and has room on its disk. It is
/// probed once at a time, however many ask.
actor DatabaseProbe {
    /// How long an answer is reused.
    private static let memory: Duration = .milliseconds(500)

    private let database: PostgresClient
    private var underWay: Task<String?, Never>?
    private var last: (complaint: String?, at: ContinuousClock.Instant)?

    init(database: PostgresClient) { self.database = database }

    /// - Returns: why it cannot, in a few words; nil if it can.
    func complaint() async -> String? {
        if let last, .now - last.at < Self.memory { return last.complaint }
        if let underWay { return await underWay.value }
        let task = Task { await ask() }
        underWay = task
        let complaint = await task.value
        underWay = nil
        last = (complaint, .now)
        return complaint
    }

    private func ask() async -> String? {
        do {
            let rows = try await database.atomically(
                [
                    "SELECT current_setting('transaction_read_only')::bool AS read_only",
                    // Exceeds the memory, so PostgreSQL writes a file, for which there has to be room.
                    "SELECT set_config('work_mem', '64kB', true)",
                    "SELECT count(*) FROM (SELECT n FROM generate_series(1, 20000) AS g (n) ORDER BY -n OFFSET 0) AS sorted",
                ], timeout: .seconds(2))
            let isReadOnly = try rows[0].first?.decode("read_only", as: Bool.self) ?? false
            return isReadOnly ? "the database takes no writes" : nil
        } catch  where error.sqlState == .diskFull {
            return "the database's disk is full"
        } catch {
            return "the database does not answer"
        }
    }
}
