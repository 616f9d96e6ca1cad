import ChatModel
import DequeModule

/// Joins the marks of a conversation that moved within a tenth of a second. Pure: the time goes in, and what is to be told
/// comes out. The first is told at once.
struct MarkNews: Sendable {
    /// Between two events of a conversation.
    static let period: Duration = .milliseconds(100)

    private struct Moved: Sendable {
        var marks: [UserID: MemberMarks] = [:]
        /// Whether all members are told, or each one only of their own.
        var isWide = true
    }

    /// The conversations that were told of lately, with what has moved since.
    private var recent: [ConversationID: Moved] = [:]
    /// When they may be told of again, in that order.
    private var turns: Deque<(time: Duration, conversation: ConversationID)> = []
    private var waitingCount = 0

    /// When something is to be told.
    var nextDue: Duration? { waitingCount > 0 ? turns.first?.time : nil }

    /// A member's marks moved.
    mutating func add(_ marks: MemberMarks, isWide: Bool) {
        let id = marks.conversation
        if recent[id] == nil {
            // Its turn comes before those of all others.
            turns.prepend((.zero, id))
            recent[id] = Moved()
        }
        if recent[id]?.marks.isEmpty ?? true { waitingCount += 1 }
        recent[id]?.marks[marks.user] = marks
        recent[id]?.isWide = isWide
    }

    /// What is to be told by now.
    /// - Parameter all: Whether nothing waits for its turn.
    mutating func takeDue(at now: Duration, all: Bool = false) -> [ChatEvent] {
        var events: [ChatEvent] = []
        while let turn = turns.first, turn.time <= now || all && waitingCount > 0 {
            turns.removeFirst()
            let id = turn.conversation
            guard let moved = recent.removeValue(forKey: id), !moved.marks.isEmpty else { continue }
            waitingCount -= 1
            let marks = moved.marks.values.sorted { $0.user < $1.user }
            events.append(.marksMoved(id, marks, widely: moved.isWide))
            recent[id] = Moved()
            turns.append((now + Self.period, id))
        }
        return events
    }
}
