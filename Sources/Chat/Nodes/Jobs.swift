import ChatStore

/// Work that comes up from time to time, and is done by one of the servers: whoever takes its row in the database.
///
/// A server that dies at work stops extending its turn, and another takes the job after `lease`. So a job may be done twice
/// at once if a server was frozen for so long: each has to bear that.
struct Jobs: Sendable {
    struct Job: Sendable {
        var name: String
        /// From the beginning of one turn to that of the next.
        var period: Duration
        /// After which a server that says nothing has lost its turn.
        var lease: Duration
    }

    let store: JobStore

    /// Does the work if it is due, and no other server is at it. Work that failed or was cancelled is due again at once.
    /// - Returns: Whether it was done here.
    @discardableResult
    func attempt(_ job: Job, _ work: () async throws -> Void) async throws -> Bool {
        let began = ContinuousClock.now
        guard let turn = try await store.take(job.name, lease: job.lease) else { return false }
        let extending = Task { [store] in
            while (try? await Task.sleep(for: job.lease / 3)) != nil {
                _ = try? await store.extend(turn, by: job.lease)
            }
        }
        defer { extending.cancel() }
        do {
            try await work()
            try Task.checkCancellation()
        } catch {
            await end(turn, pause: .zero)
            throw error
        }
        await end(turn, pause: job.period - (ContinuousClock.now - began))
        return true
    }

    /// Not cancelled with the task. If it fails, the job is due when the lease has run out.
    private func end(_ turn: JobStore.Turn, pause: Duration) async {
        await Task { [store] in try? await store.end(turn, pause: pause) }.value
    }
}
