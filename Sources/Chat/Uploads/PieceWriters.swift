import ChatModel
import Synchronization

/// Lets one request at a time write to an unfinished upload. A writer that has gone silent, because its network failed,
/// gives way to the next request for the same upload.
final class PieceWriters: Sendable {
    struct Key: Hashable, Sendable {
        let upload: UploadID
        /// Part of the key, so that nobody can block somebody else's upload.
        let owner: UserID
    }

    /// After this long without a byte a writer counts as dead.
    private static let silence: Duration = .seconds(5)

    /// One writer's turn.
    final class Turn: Sendable {
        private struct State {
            var heard: ContinuousClock.Instant
            var interrupt: (@Sendable () -> Void)?
            /// Whether somebody takes over. A writer that has yet to begin to receive does not go on.
            var isTakenOver = false
            var hasEnded = false
            var awaitingEnd: [CheckedContinuation<Void, Never>] = []
        }

        private let now: Now
        private let state: Mutex<State>

        fileprivate init(now: @escaping Now) {
            self.now = now
            state = Mutex(State(heard: now()))
        }

        /// Whether somebody waits until the turn is over.
        var isAwaited: Bool { state.withLock { !$0.awaitingEnd.isEmpty } }

        func heard() { state.withLock { $0.heard = now() } }

        /// Runs `receive` so that it can be cancelled from outside.
        func run<Value: Sendable>(_ receive: @escaping @Sendable () async throws -> Value) async throws -> Value {
            let task = state.withLock { state in
                let task = Task { try await receive() }
                state.heard = now()
                state.interrupt = { task.cancel() }
                if state.isTakenOver { task.cancel() }
                return task
            }
            defer { state.withLock { $0.interrupt = nil } }
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        }

        /// Waits until the turn is over.
        fileprivate func waitForEnd() async {
            await withCheckedContinuation { continuation in
                let hasEnded = state.withLock { state in
                    if !state.hasEnded { state.awaitingEnd.append(continuation) }
                    return state.hasEnded
                }
                if hasEnded { continuation.resume() }
            }
        }

        fileprivate func end() {
            let waiting = state.withLock { state in
                state.hasEnded = true
                defer { state.awaitingEnd = [] }
                return state.awaitingEnd
            }
            for continuation in waiting { continuation.resume() }
        }

        /// Ends the writer, also one that receives only later.
        fileprivate func giveWay() {
            let interrupt = state.withLock { state in
                state.isTakenOver = true
                return state.interrupt
            }
            interrupt?()
        }

        fileprivate func interrupt(ifSilentFor silence: Duration) {
            state.withLock { $0.heard.duration(to: now()) >= silence ? $0.interrupt : nil }?()
        }
    }

    typealias Now = @Sendable () -> ContinuousClock.Instant

    private let now: Now
    private let turns = Mutex<[Key: Turn]>([:])

    /// - Parameter now: The clock that silence is measured by.
    init(now: @escaping Now = { .now }) { self.now = now }

    /// - Throws: `upload_offset_mismatch` while another writes; a silent one is ended meanwhile, so that trying again
    ///   works.
    func begin(_ key: Key) throws(ChatError) -> Turn {
        let (turn, other) = claim(key)
        guard let other else { return turn }
        other.interrupt(ifSilentFor: Self.silence)
        throw ChatError(.uploadOffsetMismatch, "another request is writing to this upload", retryAfter: 1)
    }

    /// Interrupts the writer and takes the next turn: the owner gives the upload up. A client that cancels does so before
    /// the server notices that its last request has ended.
    func takeOver(_ key: Key) async -> Turn {
        while true {
            let (turn, other) = claim(key)
            guard let other else { return turn }
            other.giveWay()
            await other.waitForEnd()
        }
    }

    private func claim(_ key: Key) -> (turn: Turn, other: Turn?) {
        let turn = Turn(now: now)
        let other = turns.withLock { turns -> Turn? in
            if let other = turns[key] { return other }
            turns[key] = turn
            return nil
        }
        return (turn, other)
    }

    func end(_ key: Key) { turns.withLock { $0.removeValue(forKey: key) }?.end() }

    /// A client asks where to go on, so the last writer is probably dead.
    func interruptSilent(_ key: Key) {
        turns.withLock { $0[key] }?.interrupt(ifSilentFor: Self.silence)
    }
}
