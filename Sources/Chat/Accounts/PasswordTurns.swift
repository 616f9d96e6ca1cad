import ChatModel
import Synchronization

/// Decides whose password is hashed next. A few are hashed at a time; the others wait in a queue that is fair between
/// known and unknown users, between addresses or devices, and between names.
final class PasswordTurns: Sendable {
    /// On whose behalf a password is hashed.
    struct Share: Sendable {
        /// Whether the user is signed in, or has signed in before from this device or address. A flood from many addresses
        /// leaves known users their own part.
        var isKnown: Bool
        /// An address, a device or a user, as bytes that nobody else has.
        var source: [UInt8]
        var name: String
    }

    private enum Key: Hashable, Sendable {
        case known(Bool)
        case source([UInt8])
        case name(String)
    }

    private typealias Waiting = CheckedContinuation<Void, any Error>

    private struct State {
        var queue: LayeredQueue<Key, Waiting>
        var running = 0
        var isStopped = false
    }

    /// How many may wait: in all, of one kind, from one source, and for one name from there. Hashing takes a tenth of a
    /// second or more, so with more waiting, the last ones would have given up.
    private static let limits = [96, 64, 48, 16]
    private static let stopping = ChatError(.unavailable, "the server is stopping; try again", retryAfter: 2)
    private static let full = ChatError(.unavailable, "too many log-ins at once; try again", retryAfter: 2)

    private let atOnce: Int
    private let state: Mutex<State>

    init(atOnce: Int) {
        self.atOnce = atOnce
        state = Mutex(State(queue: LayeredQueue(limits: Self.limits)))
    }

    /// How many wait.
    var waitingCount: Int { state.withLock { $0.queue.count } }

    /// Waits for a turn. `end` ends it.
    /// - Throws: `unavailable` when too many of this share wait, or the server stops.
    func begin(_ share: Share) async throws {
        try await withCheckedThrowingContinuation { (waiting: Waiting) in
            let (begun, failed): (Waiting?, (Waiting, ChatError)?) = state.withLock { state in
                if state.isStopped { return (nil, (waiting, Self.stopping)) }
                if state.running < atOnce {
                    state.running += 1
                    return (waiting, nil)
                }
                let path: [Key] = [.known(share.isKnown), .source(share.source), .name(share.name)]
                switch state.queue.append(waiting, of: path) {
                case .queued: return (nil, nil)
                case .queuedInPlace(of: let other): return (nil, (other, Self.full))
                case .refused: return (nil, (waiting, Self.full))
                }
            }
            begun?.resume()
            failed?.0.resume(throwing: failed?.1 ?? Self.full)
        }
    }

    func end() {
        let next = state.withLock { state in
            let next = state.queue.popFirst()
            if next == nil { state.running -= 1 }
            return next
        }
        next?.resume()
    }

    /// Refuses those who wait, and those who still come.
    func stop() {
        let waiting = state.withLock { state in
            state.isStopped = true
            var waiting: [Waiting] = []
            while let next = state.queue.popFirst() { waiting.append(next) }
            return waiting
        }
        for waiting in waiting { waiting.resume(throwing: Self.stopping) }
    }
}
