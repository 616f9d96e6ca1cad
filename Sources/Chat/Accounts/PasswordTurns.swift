import ChatModel
import Synchronization

/// Who hashes a password next: a few at a time, the others in a queue that is fair between those whom this server knows
/// and those whom it does not, between addresses or devices, and between names.
final class PasswordTurns: Sendable {
    /// On whose behalf a password is hashed.
    struct Share: Sendable {
        /// Whether this is a signed-in user, or a device or an address from where this very user signed in before: a
        /// flood from many addresses leaves these their own part.
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

    /// All that wait, those of one kind, of one source, and for one name from there. A pass takes a tenth of a second
    /// and more: what waits longer than this has given up.
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

    /// Returns when it is this one's turn, which `end` ends.
    /// - Throws: `unavailable` where too many of this share wait already, or the server stops.
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

    /// Refuses all that wait, and all that come.
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
