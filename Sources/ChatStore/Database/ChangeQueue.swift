package import ChatModel
package import PostgresClient
import Synchronization

/// What people change, where a row may be locked by somebody who takes their time: a moderator who forgot COMMIT.
///
/// Changes use connections of their own, for each conversation or account one at a time, and none waits for a lock for
/// longer than the session's `lock_timeout`. A change that met a lock is tried again and again, at most two of all such
/// at once, so that what is locked takes no connection from what is not; after `maximumWait` it is `unavailable`.
package final class ChangeQueue: Sendable {
    package enum Subject: Hashable, Sendable {
        case conversation(ConversationID)
        case user(UserID)
        case upload(UploadID)
        /// The SHA-256 of a refresh token, whose user is not known before it is read.
        case token([UInt8])
    }

    private static let maximumWait: Duration = .seconds(3)
    private static let retryDelay: Duration = .milliseconds(250)
    /// Changes of one subject that may wait for the one under way.
    private static let maximumWaiting = 200
    /// Lines for what is locked; of each, one uses a connection at a time.
    private static let lockedLines = 2
    /// For how long a subject that was found locked goes to those lines without another try.
    private static let memory: Duration = .seconds(10)
    private static let maximumRemembered = 10_000

    private let database: PostgresClient
    private let turns = KeyedLock<Subject>()
    private let locked = KeyedLock<Int>()
    /// Subjects that were found locked, and when.
    private let foundLocked = Mutex<[Subject: ContinuousClock.Instant]>([:])

    init(database: PostgresClient) { self.database = database }

    /// Runs a transaction in the subject's turn. `body` may run more than once: what it did before is undone then.
    package func transaction<Value: Sendable>(
        on subject: Subject, _ body: @escaping @Sendable (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        try await run(subject) { [database] in try await database.withTransaction { try await body($0) } }
    }

    /// Runs a transaction in the subject's turn, and then, before the turn ends, what follows its commit.
    package func transaction<Value: Sendable, Outcome: Sendable>(
        on subject: Subject, _ body: @escaping @Sendable (PostgresTransaction) async throws -> Value,
        committed: @escaping @Sendable (Value) async throws -> Outcome
    ) async throws -> Outcome {
        try await run(subject) { [database] in
            let value = try await database.withTransaction { try await body($0) }
            do {
                return try await committed(value)
            } catch let error as PostgresError where error.metLock {
                // Not to be taken for a transaction that met a lock, and be run again.
                throw ChatError.unavailable
            }
        }
    }

    /// Runs statements in the subject's turn, in one round trip: all take effect or none.
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
        let deadline = ContinuousClock.now + Self.maximumWait
        return try await turns.withLock(subject, behindAtMost: Self.maximumWaiting, until: deadline) { [self] in
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
                        line, behindAtMost: Self.maximumWaiting, until: deadline, attempt)
                    foundLocked.withLock { $0[subject] = nil }
                    return value
                } catch let error as PostgresError where error.metLock {
                    remember(subject)
                    guard ContinuousClock.now + Self.retryDelay < deadline else { throw error }
                    try await Task.sleep(for: Self.retryDelay)
                } catch let error as ChatError where error == .unavailable {
                    // So many wait in the line that it did not come to a try.
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
            if found.count >= Self.maximumRemembered { found = found.filter { now - $0.value < Self.memory } }
            if found.count < Self.maximumRemembered { found[subject] = now }
        }
    }
}

extension PostgresError {
    /// Whether the server refused because of somebody else's lock, and the same statement may succeed later.
    var metLock: Bool {
        code == .server && (sqlState == .lockNotAvailable || sqlState == .deadlockDetected)
    }
}
