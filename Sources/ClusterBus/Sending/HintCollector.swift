internal import ChatModel

/// The conversations that this node has changed since it last told the others, each with its newest revision. They are told
/// of together, a period after the first. A pure machine; times are counted from any fixed moment.
struct HintCollector: Sendable {
    private var revisions: [ConversationID: Int] = [:]
    /// There were too many, or somebody wants everybody to look.
    private var isEverything = false
    private var first: Duration?
    private var retryAt: Duration?

    /// How many conversations are remembered. Beyond that the others are told to look at everything.
    static let maxConversations = 50_000
    /// While the bus carries events, hints only catch what it loses.
    static let calm: Duration = .milliseconds(250)
    /// While it does not, they are all that the others hear.
    static let urgent: Duration = .milliseconds(25)

    var isEmpty: Bool { revisions.isEmpty && !isEverything }

    mutating func add(_ hint: BusHint, at now: Duration) {
        first = first ?? now
        guard hint != .everything, !isEverything else {
            isEverything = true
            revisions = [:]
            return
        }
        guard revisions.count < Self.maxConversations || revisions[hint.conversation] != nil else {
            return add(.everything, at: now)
        }
        revisions[hint.conversation] = max(hint.revision, revisions[hint.conversation] ?? 0)
    }

    /// Adds what another collector has.
    mutating func absorb(_ other: HintCollector, at now: Duration) {
        if other.isEverything { add(.everything, at: now) }
        for (conversation, revision) in other.revisions { add(BusHint(conversation, revision), at: now) }
    }

    /// When `take` is due; nil while there is nothing.
    /// - Parameter isBusUp: Whether events reach the others by themselves.
    func deadline(isBusUp: Bool) -> Duration? {
        guard let first else { return nil }
        return max(first + (isBusUp ? Self.calm : Self.urgent), retryAt ?? first)
    }

    /// Removes what is to be told, by frames.
    mutating func take() -> [[BusHint]] {
        defer {
            revisions = [:]
            isEverything = false
            first = nil
            retryAt = nil
        }
        if isEverything { return [[.everything]] }
        let hints = revisions.map { BusHint($0.key, $0.value) }
        return stride(from: 0, to: hints.count, by: BusHint.maxInFrame).map {
            Array(hints[$0..<min($0 + BusHint.maxInFrame, hints.count)])
        }
    }

    /// They could not be sent: they are told later.
    mutating func putBack(_ hints: [BusHint], at now: Duration, pause: Duration) {
        for hint in hints { add(hint, at: now) }
        retryAt = now + pause
    }
}
