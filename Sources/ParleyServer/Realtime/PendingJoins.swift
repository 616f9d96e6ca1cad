import ChatModel
import Synchronization

/// Keeps the rooms of connecting sockets right. A socket reads its user's conversations and then joins their rooms.
/// Between the two, the user may have been added to some conversations or removed from others.
final class PendingJoins: Sendable {
    /// One socket's joining.
    struct Join: Hashable {
        fileprivate let number: Int
    }

    private struct State {
        var next = 0
        /// What changed since each joining began: whether the user is a member now.
        var changes: [UserID: [Join: [ConversationID: Bool]]] = [:]
        /// How many removals are about to be committed. The list that a joining socket reads still has who is being
        /// removed.
        var removals: [UserID: [ConversationID: Int]] = [:]

        mutating func note(_ conversation: ConversationID, of user: UserID, isMember: Bool) {
            guard let joins = changes[user] else { return }
            for join in joins.keys { changes[user]?[join]?[conversation] = isMember }
        }
    }

    private let state = Mutex(State())

    func begin(_ user: UserID) -> Join {
        state.withLock { state in
            state.next += 1
            let join = Join(number: state.next)
            state.changes[user, default: [:]][join] = state.removals[user]?.mapValues { _ in false } ?? [:]
            return join
        }
    }

    /// Notes that the user was added. To be called before the sockets that are connected already join the room.
    func noteAddition(_ conversation: ConversationID, of user: UserID) {
        state.withLock { state in
            state.note(conversation, of: user, isMember: true)
            // It was committed after a removal that has not ended here yet.
            state.removals[user]?[conversation] = nil
            if state.removals[user]?.isEmpty == true { state.removals[user] = nil }
        }
    }

    /// Keeps the user's sockets out of the room, also those that begin to join before `endRemoval`. To be called before
    /// the sockets that are connected already leave it.
    func beginRemoval(_ conversation: ConversationID, of user: UserID) {
        state.withLock { state in
            state.note(conversation, of: user, isMember: false)
            state.removals[user, default: [:]][conversation, default: 0] += 1
        }
    }

    /// The removal is in the database, or the sockets that were kept out are about to be cut.
    func endRemoval(_ conversation: ConversationID, of user: UserID) {
        state.withLock { state in
            guard let count = state.removals[user]?[conversation] else { return }
            state.removals[user]?[conversation] = count > 1 ? count - 1 : nil
            if state.removals[user]?.isEmpty == true { state.removals[user] = nil }
        }
    }

    /// Joins the listed rooms, corrected by what changed since `begin`.
    /// - Parameter body: Joins the rooms. It is called under the lock, so that no change falls between; it must not block.
    func end(_ join: Join, of user: UserID, listed: [ConversationID], _ body: ([ConversationID]) -> Void) {
        state.withLock { state in
            guard let changes = state.changes[user]?.removeValue(forKey: join) else { return }
            if state.changes[user]?.isEmpty == true { state.changes[user] = nil }
            let removed = Set(changes.filter { !$0.value }.keys)
            let added = changes.filter { $0.value }.keys
            body(listed.filter { !removed.contains($0) } + added)
        }
    }
}
