/// What a timeline keeps as long as something is missing.
extension Timeline {
    indirect enum Box: Sendable { case trouble(Trouble) }

    struct Trouble: Sendable {
        var pending: [Int: Event] = [:]
        /// Changes that somebody is about to bring, and until when we believe it.
        var promised: [Int: Duration] = [:]
        /// The highest revision that we have heard of.
        var known = 0
        /// When the read is due for the first missing revision.
        var due: (missing: Int, at: Duration)?
        /// Since when the first missing revision is missed.
        var missedSince: Duration?
        var reading: Read?
        /// Whether the state is to be read although nothing is known to be missing.
        var mustRead = false
        /// Whether the next reading is to say who is a member. Nothing is delivered meanwhile, so that the answer is not
        /// older than what was.
        var isWhole = false
        /// Whether the state was not known when the timeline began, so that there is nobody to whom messages are new.
        var isFirst = false
        /// Whether devices that are connected here may have to be let in by what is read or waits.
        var isAwaited = false
        /// A snapshot that waits for promised changes which it includes.
        var snapshot: Snapshot?
        /// What is told as soon as everything up to a revision was.
        var later: [(revision: Int, payload: Payload)] = []

        var isOver: Bool {
            pending.isEmpty && promised.isEmpty && reading == nil && snapshot == nil && !isFirst && !mustRead
                && later.isEmpty
        }

        /// The new messages that wait, by their positions.
        var storedMessages: [Int: Event] {
            var messages: [Int: Event] = [:]
            for event in pending.values { if case .message(let seq) = event.kind { messages[seq] = event } }
            return messages
        }

        /// Whether what is next has to wait for a snapshot.
        var isHeldUp: Bool { isFirst || isWhole && (reading != nil || mustRead || snapshot != nil) }
    }
}
