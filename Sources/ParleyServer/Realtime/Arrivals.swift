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
        /// Removals about to be committed, by their number: who is being removed is still in the list that an arrival
        /// reads.
        var departures: [UserID: [ConversationID: Int]] = [:]

        mutating func note(_ conversation: ConversationID, of user: UserID, isMember: Bool) {
            guard let arrivals = changes[user] else { return }
            for arrival in arrivals.keys { changes[user]?[arrival]?[conversation] = isMember }
        }
    }

    private let state = Mutex(State())

    func begin(_ user: UserID) -> Arrival {
        state.withLock { state in
            state.next += 1
            let arrival = Arrival(number: state.next)
            state.changes[user, default: [:]][arrival] = state.departures[user]?.mapValues { _ in false } ?? [:]
            return arrival
        }
    }

    /// Notes an addition, if somebody is arriving, before the sockets that have arrived follow it.
    func noteAddition(_ conversation: ConversationID, of user: UserID) {
        state.withLock { $0.note(conversation, of: user, isMember: true) }
    }

    /// Keeps the user's sockets out of the room, also those that begin to arrive before `endDeparture`. To be called
    /// before the sockets that have arrived leave it.
    func beginDeparture(_ conversation: ConversationID, of user: UserID) {
        state.withLock { state in
            state.note(conversation, of: user, isMember: false)
            state.departures[user, default: [:]][conversation, default: 0] += 1
        }
    }

    /// The removal is in the database, or the sockets that were kept out will be cut.
    func endDeparture(_ conversation: ConversationID, of user: UserID) {
        state.withLock { state in
            guard let count = state.departures[user]?[conversation] else { return }
            state.departures[user]?[conversation] = count > 1 ? count - 1 : nil
            if state.departures[user]?.isEmpty == true { state.departures[user] = nil }
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
