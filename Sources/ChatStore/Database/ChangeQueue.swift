package import ChatModel
package import PostgresClient
import Synchronization

/// Runs people's changes, although somebody may hold a lock on a row for a long time: a moderator who forgot to commit.
///
/// Changes of one conversation or account run one at a time, and none waits for a lock longer than the session's
/// `lock_timeout`. A change that met a lock is repeated, on at most two connections for all such changes, so they take no
/// connection from the others. After `maxWait` it fails with `unavailable`.
package final class ChangeQueue: Sendable {
    package enum Subject: Hashable, Sendable {
        case conversation(ConversationID)
        case user(UserID)
        case upload(UploadID)
        /// The SHA-256 of a refresh token. Its user is not known before it is read.
        case token([UInt8])
    }

    private static let maxWait: Duration = .seconds(3)
    private static let retryDelay: Duration = .milliseconds(250)
    /// How many changes of one subject may wait.
    private static let maxWaiting = 200
    /// How many queues there are for locked subjects. Each uses one connection at a time.
    private static let lockedLines = 2
    /// For how long a subject that was found locked goes to those queues at once.
    private static let memory: Duration = .seconds(10)
    private static let maxRemembered = 10_000

    private let database: PostgresClient
    private let turns = KeyedLock<Subject>()
    private let locked = KeyedLock<Int>()
    /// Subjects that were found locked, and when.
    private let foundLocked = Mutex<[Subject: ContinuousClock.Instant]>([:])

    init(database: PostgresClient) { self.database = database }

    /// Runs a transaction in the subject's turn. `body` may run more than once: what it did is undone before it runs again.
    package func transaction<Value: Sendable>(
        on subject: Subject, _ body: @escaping @Sendable (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        try await run(subject) { [database] in try await database.withTransaction { try await body($0) } }
    }

    /// Runs a transaction in the subject's turn and then, before the turn ends, `committed`.
    package func transaction<Value: Sendable, Outcome: Sendable>(
        on subject: Subject, _ body: @escaping @Sendable (PostgresTransaction) async throws -> Value,
        committed: @escaping @Sendable (Value) async throws -> Outcome
    ) async throws -> Outcome {
        try await run(subject) { [database] in
            let value = try await database.withTransaction { try await body($0) }
            do {
                return try await committed(value)
            } catch let error as PostgresError where error.metLock {
                // Must not look like a transaction that met a lock, which would be repeated.
                throw ChatError.unavailable
            }
        }
    }

    /// Runs statements in the subject's turn and in one round trip. Either all take effect or none.
    @discardableResult
    func atomically(_ queries: [PostgresQuery], on subject: Subject) async throws -> [PostgresResult] {
        try await run(subject) { [database] in try await database.exclusively(queries) }
    }

    @discardableResult
    func query(_ query: PostgresQuery, on subject: Subject) async throws -> PostgresResult {
        try await atomically([query], on: subject)[0]
    }

    private func run<Value: Sendable>(
        _ subject: Subject, _ attempt: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let deadline = ContinuousClock.now + Self.maxWait
        return try await turns.withLock(subject, behindAtMost: Self.maxWaiting, until: deadline) { [self] in
            if !isLocked(subject) {
                do {
                    return try await attempt()
                } catch let error as PostgresError where error.metLock {
                    remember(subject)
                }
            }
            while true {
                let line = Int(UInt(bitPattern: subject.hashValue) % UInt(Self.lockedLines))
                do {
                    let value = try await locked.withLock(
                        line, behindAtMost: Self.maxWaiting, until: deadline, attempt)
                    foundLocked.withLock { $0[subject] = nil }
                    return value
                } catch let error as PostgresError where error.metLock {
                    remember(subject)
                    guard ContinuousClock.now + Self.retryDelay < deadline else { throw error }
                    try await Task.sleep(for: Self.retryDelay)
                } catch let error as ChatError where error == .unavailable {
                    // So many others wait that there was no attempt.
                    remember(subject)
                    throw error
                }
            }
        }
    }

    private func isLocked(_ subject: Subject) -> Bool {
        foundLocked.withLock { $0[subject].map { .now - $0 < Self.memory } ?? false }
    }

    private func remember(_ subject: Subject) {
        foundLocked.withLock { found in
            let now = ContinuousClock.now
            if found.count >= Self.maxRemembered { found = found.filter { now - $0.value < Self.memory } }
            if found.count < Self.maxRemembered { found[subject] = now }
        }
    }
}

extension PostgresError {
    /// Whether somebody else's lock was the reason. The same statement may succeed later.
    var metLock: Bool {
        code == .server && (sqlState == .lockNotAvailable || sqlState == .deadlockDetected)
    }
}
