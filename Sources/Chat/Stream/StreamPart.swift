import ChatModel
import Synchronization

/// The timelines of some conversations, and what is to be done about them.
final class StreamPart: Sendable {
    struct State: Sendable {
        var timelines = Timelines<LiveStep>()
        /// What is to be done at the connections, in order.
        fileprivate var outbox: [LiveStep] = []
        fileprivate var isEmptying = false
        fileprivate var reads: [(ConversationID, Timeline<LiveStep>.Read)] = []
        /// When somebody is going to look at the deadlines.
        var alarm: Duration?
        /// Conversations that began to be followed. It has to be checked whether anybody is there.
        fileprivate var followed: [ConversationID] = []

        mutating func collect(_ actions: Timelines<LiveStep>.Actions, of id: ConversationID) {
            for action in actions {
                switch action {
                case .deliver(let step): outbox.append(step)
                case .read(let read): reads.append((id, read))
                case .giveUp: outbox.append(.cut(id))
                }
            }
        }

        /// Does something that has no revision, after everything that has gone out by now.
        mutating func perform(_ step: LiveStep) { outbox.append(step) }

        mutating func follow(_ position: ConversationPosition, mark: Int, at now: Duration) {
            guard !timelines.follows(position.id) else { return }
            timelines.follow(position, mark: mark, at: now)
            noteFollowing(position.id)
        }

        mutating func noteFollowing(_ id: ConversationID) { followed.append(id) }

        /// Nobody empties the outbox any more. Everybody is cut, so that their clients catch up.
        private mutating func boundOutbox() {
            guard outbox.count > StreamPart.maxOutbox else { return }
            outbox = []
            for id in Array(timelines.conversations) { collect(timelines.giveUp(id), of: id) }
        }

        fileprivate mutating func takeDue() -> Due {
            boundOutbox()
            var due = Due()
            if !isEmptying, !outbox.isEmpty {
                isEmptying = true
                swap(&due.steps, &outbox)
            }
            if !reads.isEmpty { swap(&due.reads, &reads) }
            if let deadline = timelines.deadline, alarm.map({ deadline < $0 }) ?? true {
                alarm = deadline
                due.alarm = deadline
            }
            return due
        }
    }

    /// What whoever changed the timelines has to do.
    struct Due: Sendable {
        /// If there are any, `takeSteps` has to be called afterwards, until it returns nil.
        var steps: [LiveStep] = []
        var reads: [(ConversationID, Timeline<LiveStep>.Read)] = []
        /// A deadline that nobody waits for yet.
        var alarm: Duration?
    }

    /// How many steps may wait. Far more than a batch of messages has.
    private static let maxOutbox = 50_000

    private let state = Mutex(State())

    var followed: Int { state.withLock { $0.timelines.conversations.count } }

    var troubled: Int { state.withLock { $0.timelines.troubled } }

    var conversations: [ConversationID] { state.withLock { Array($0.timelines.conversations) } }

    func applied(_ id: ConversationID) -> Int? { state.withLock { $0.timelines.applied(id) } }

    func change(_ body: (inout State) -> Void) -> Due {
        state.withLock { state in
            body(&state)
            return state.takeDue()
        }
    }

    func beginArrival(of user: UserID) -> Timelines<LiveStep>.Arrival {
        state.withLock { $0.timelines.beginArrival(of: user) }
    }

    func cancelArrival(_ arrival: Timelines<LiveStep>.Arrival) {
        state.withLock { $0.timelines.cancelArrival(arrival) }
    }

    /// What has been added to the outbox since; nil if there is nothing more to be done.
    func takeSteps() -> [LiveStep]? {
        state.withLock { state in
            guard !state.outbox.isEmpty else {
                state.isEmptying = false
                return nil
            }
            defer { state.outbox = [] }
            return state.outbox
        }
    }

    func takeFollowed() -> [ConversationID] {
        state.withLock { state in
            defer { state.followed = [] }
            return state.followed
        }
    }

    /// Forgets a conversation that nobody follows.
    /// - Returns: Whether it has been decided: false while something is still to be done.
    func forget(_ id: ConversationID, unless hasAudience: () -> Bool) -> Bool {
        state.withLock { state in
            guard state.timelines.follows(id) else { return true }
            // A device may be about to join.
            guard !state.isEmptying, state.outbox.isEmpty else { return false }
            if hasAudience() { return true }
            state.timelines.forget(id)
            return !state.timelines.follows(id)
        }
    }
}
