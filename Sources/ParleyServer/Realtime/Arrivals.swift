import Chat
import Synchronization

/// Keeps the rooms of a connecting socket right: between the reading of its user's conversations and the joining of
/// their rooms, the user may have been added to some or removed from others.
final class Arrivals: Sendable {
    /// One socket's joining.
    struct Arrival: Hashable {
        fileprivate let number: Int
    }

    private struct State {
        var next = 0
        /// What changed since each arrival began: whether the user is a member now.
        var changes: [UserID: [Arrival: [ConversationID: Bool]]] = [:]
    }

    private let state = Mutex(State())

    func begin(_ user: UserID) -> Arrival {
        state.withLock { state in
            state.next += 1
            let arrival = Arrival(number: state.next)
            state.changes[user, default: [:]][arrival] = [:]
            return arrival
        }
    }

    /// Notes a change, if somebody is arriving, before the sockets that have arrived follow it.
    func note(_ conversation: ConversationID, of user: UserID, isMember: Bool) {
        state.withLock { state in
            guard let arrivals = state.changes[user] else { return }
            for arrival in arrivals.keys { state.changes[user]?[arrival]?[conversation] = isMember }
        }
    }

    /// Joins what was listed, as amended by what changed since. `join` is called under the lock, so that no change can
    /// fall between; it must not block.
    func end(
        _ arrival: Arrival, of user: UserID, listed: [ConversationID], join: ([ConversationID]) -> Void
    ) {
        state.withLock { state in
            guard let changes = state.changes[user]?.removeValue(forKey: arrival) else { return }
            if state.changes[user]?.isEmpty == true { state.changes[user] = nil }
            let removed = Set(changes.filter { !$0.value }.keys)
            let added = changes.filter { $0.value }.keys
            join(listed.filter { !removed.contains($0) } + added)
        }
    }
}
