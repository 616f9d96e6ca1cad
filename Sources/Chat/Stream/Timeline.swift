/// Puts the changes of one conversation in the order of their revisions.
///
/// Each change of a conversation has a revision, and none is left out. A change that comes early waits for those before
/// it. One that is missing for `patience` is read from the database, with everything else past what was delivered: events
/// may be lost, doubled or late, and the database has them all.
///
/// A pure machine: facts and the time go in, actions come out. It knows no sockets, no SQL and no clock. Times are counted
/// from any fixed moment.
package struct Timeline<Payload: Sendable>: Sendable {
    /// The reading of a snapshot of what is past a revision. An answer to another one counts for nothing: it may have been
    /// meant for an earlier timeline of the same conversation.
    package struct Read: Sendable, Equatable {
        package var since: Int
        /// Whether the snapshot has to say who is a member even if every revision is a message's.
        package var isWhole: Bool
        /// Whether its messages are news to nobody, so that none has to be in the snapshot.
        package var isFirst: Bool
        fileprivate var timeline: UInt32
        fileprivate var attempt: UInt32
    }

    package enum Action: Sendable {
        case deliver(Payload)
        /// `finishRead` or `failRead` follows.
        case read(Read)
        /// What is missing cannot be told. The conversation's connections are cut, so that their clients catch up, and this
        /// timeline is thrown away. Where somebody waits to be let in, who is in no room that could be cut, another one begins.
        case giveUp
    }

    /// How long a missing revision is waited for.
    package static var patience: Duration { .milliseconds(100) }
    /// How long a change that was promised is waited for.
    package static var maxPromise: Duration { .seconds(1) }
    /// How long a database that does not answer is asked again.
    package static var maxWait: Duration { .seconds(10) }
    /// The pause after a failed read.
    package static var retryDelay: Duration { .milliseconds(500) }
    /// How many changes may wait.
    package static var maxPending: Int { 2000 }

    /// Every change up to this revision was delivered.
    package private(set) var applied: Int
    /// The position of the last message that was delivered.
    package private(set) var lastSeq: Int
    /// The highest revision that a list or a snapshot brought. Of the changes up to it, some may come later or never.
    private(set) var skippedTo: Int
    /// The same, of changes that may be of members.
    private(set) var membersSkippedTo: Int
    /// By its owner's count (`ArrivalOrder`), when it began without anybody being told of it; nil if nothing had to be told.
    package var mark: Int?
    private let number: UInt32
    private var attempts: UInt32 = 0
    /// Nil as long as every change has come in its turn.
    private var trouble: Box?

    /// Follows a conversation from a known state on.
    /// - Parameter number: Tells the timelines of one conversation from each other.
    package init(applied: Int, lastSeq: Int, number: UInt32 = 0) {
        self.init(applied: applied, lastSeq: lastSeq, skippedTo: applied, number: number)
    }

    private init(applied: Int, lastSeq: Int, skippedTo: Int, number: UInt32) {
        self.applied = applied
        self.lastSeq = lastSeq
        self.skippedTo = skippedTo
        self.membersSkippedTo = skippedTo
        self.number = number
    }

    /// Follows a conversation of which only is known that it had this revision. Its state is read first, and only its rooms
    /// are told.
    package init(loadingFrom revision: Int, number: UInt32 = 0, _ actions: inout [Action]) {
        self.init(applied: revision, lastSeq: 0, skippedTo: 0, number: number)
        update {
            $0.isFirst = true
            $0.isWhole = true
            $0.isAwaited = true
        }
        read(&actions)
    }

    /// Whether its state is still to be read, so that nobody has been told anything by it.
    package var isLoading: Bool { if case .trouble(let state) = trouble { state.isFirst } else { false } }

    /// Whether somebody may wait to be let in, who is in no room yet.
    package var isAwaited: Bool { if case .trouble(let state) = trouble { state.isAwaited } else { false } }

    /// A device joins whose list has this state, while the state is still to be read: what follows is news to it. What is
    /// being read may begin later, or end earlier.
    package mutating func begin(applied revision: Int, lastSeq seq: Int, _ actions: inout [Action]) {
        guard isLoading else { return }
        (applied, lastSeq) = (revision, seq)
        skippedTo = max(skippedTo, revision)
        membersSkippedTo = max(membersSkippedTo, revision)
        update {
            $0.isFirst = false
            $0.isWhole = true
            $0.snapshot = nil
        }
        read(&actions)
    }

    private mutating func read(_ actions: inout [Action]) {
        attempts &+= 1
        let (isWhole, isFirst) = update { ($0.isWhole, $0.isFirst) }
        let read = Read(since: applied, isWhole: isWhole, isFirst: isFirst, timeline: number, attempt: attempts)
        update {
            $0.reading = read
            $0.mustRead = false
            $0.due = nil
        }
        actions.append(.read(read))
    }

    /// When `advance` is to be called; nil if nothing is missing.
    package var deadline: Duration? {
        guard case .trouble(let trouble) = trouble else { return nil }
        return [trouble.due?.at, trouble.promised.values.min()].compactMap { $0 }.min()
    }

    /// Whether every change has come in its turn.
    package var isInOrder: Bool { trouble == nil }

    // MARK: Facts

    /// A change came: from whoever made it, or from another server.
    package mutating func take(_ event: Event, at now: Duration, _ actions: inout [Action]) {
        guard event.revision > applied else {
            // A list or a snapshot has the change already. A device that was arriving then may not have been let in.
            if event.arrival != nil, event.revision <= skippedTo { reread(&actions) }
            return
        }
        if trouble == nil, event.revision == applied + 1 { return apply(event, &actions) }
        let isTooMuch = update {
            $0.promised[event.revision] = nil
            $0.pending[event.revision] = event
            $0.known = max($0.known, event.revision)
            if event.arrival != nil { $0.isAwaited = true }
            return $0.pending.count > Self.maxPending
        }
        if isTooMuch { return actions.append(.giveUp) }
        settle(at: now, &actions)
    }

    /// Somebody is about to commit this change and will bring it: it is not read from the database meanwhile.
    /// - Parameter isAwaited: Whether somebody who is connected here comes with it.
    package mutating func promise(
        _ revision: Int, isAwaited: Bool = false, at now: Duration, _ actions: inout [Action]
    ) {
        guard revision > applied else { return }
        update {
            if isAwaited { $0.isAwaited = true }
            if $0.pending[revision] == nil { $0.promised[revision] = now + Self.maxPromise }
        }
        settle(at: now, &actions)
    }

    /// What was promised was not committed, or nobody knows whether it was.
    package mutating func retract(_ revision: Int, at now: Duration, _ actions: inout [Action]) {
        guard revision > applied, trouble != nil else { return }
        update { $0.promised[revision] = nil }
        settle(at: now, &actions)
    }

    /// Whoever promised this change cannot bring it: it is read like any that is missing.
    package mutating func abandon(_ revision: Int, at now: Duration, _ actions: inout [Action]) {
        guard revision > applied else { return }
        update {
            $0.promised[revision] = nil
            $0.known = max($0.known, revision)
        }
        settle(at: now, &actions)
    }

    /// The conversation has come to this revision, whatever the change was.
    package mutating func hear(of revision: Int, at now: Duration, _ actions: inout [Action]) {
        guard revision > applied else { return }
        update { $0.known = max($0.known, revision) }
        settle(at: now, &actions)
    }

    /// Tells something that was read from the database after a change, and has everything up to `revision`.
    package mutating func tell(_ payload: Payload, asOf revision: Int, at now: Duration, _ actions: inout [Action]) {
        guard revision > applied else { return actions.append(.deliver(payload)) }
        let isTooMuch = update {
            $0.later.append((revision, payload))
            $0.known = max($0.known, revision)
            return $0.later.count > Self.maxPending
        }
        if isTooMuch { return actions.append(.giveUp) }
        settle(at: now, &actions)
    }

    /// The answer to `.read`. It may be older than what was delivered meanwhile.
    package mutating func finishRead(
        _ read: Read, _ snapshot: Snapshot, at now: Duration, _ actions: inout [Action]
    ) {
        guard isReading(read) else { return }
        update {
            $0.reading = nil
            $0.snapshot = snapshot
            $0.due = nil
        }
        settle(at: now, &actions)
    }

    /// Whether this is the answer that is awaited.
    package func isReading(_ read: Read) -> Bool {
        if case .trouble(let state) = trouble { state.reading == read } else { false }
    }

    package mutating func failRead(_ read: Read, at now: Duration, _ actions: inout [Action]) {
        guard isReading(read) else { return }
        let missing = applied + 1
        let isHopeless = update {
            $0.reading = nil
            $0.mustRead = true
            $0.due = (missing, now + Self.retryDelay)
            let since = $0.missedSince ?? now
            $0.missedSince = since
            // Devices wait for a state that is read for the first time. They are in no room that could be cut.
            return !$0.isFirst && now - since >= Self.maxWait
        }
        if isHopeless { actions.append(.giveUp) }
    }

    /// Something may have been missed of which nothing was heard.
    package mutating func reread(_ actions: inout [Action]) {
        let isReading = update {
            // A snapshot that is being read may be older than what was missed.
            if $0.reading != nil { $0.mustRead = true }
            $0.isWhole = true
            $0.isAwaited = true
            return $0.reading != nil
        }
        if !isReading { read(&actions) }
    }

    /// Somebody came or went without a revision: an answer that is awaited may say otherwise, and counts for nothing.
    package mutating func readAgain(_ actions: inout [Action]) {
        guard case .trouble(let state) = trouble, state.reading != nil || state.snapshot != nil else { return }
        update { $0.snapshot = nil }
        read(&actions)
    }

    /// The deadline has come.
    package mutating func advance(to now: Duration, _ actions: inout [Action]) {
        guard case .trouble(var state) = trouble else { return }
        if state.promised.values.contains(where: { $0 <= now }) {
            // Nobody knows whether it was committed.
            state.promised = state.promised.filter { $0.value > now }
            state.mustRead = true
            trouble = .trouble(state)
            settle(at: now, &actions)
        }
        guard let due = state.due, due.at <= now, state.reading == nil else { return }
        update { $0.missedSince = $0.missedSince ?? now }
        read(&actions)
    }

    // MARK: Order

    private mutating func apply(_ event: Event, _ actions: inout [Action]) {
        applied = event.revision
        if case .message(let seq) = event.kind { lastSeq = max(lastSeq, seq) }
        if let arrival = event.arrival { actions.append(.deliver(arrival)) }
        actions.append(.deliver(event.payload))
    }

    /// Delivers what may be delivered, and says when something has to be read.
    private mutating func settle(at now: Duration, _ actions: inout [Action]) {
        guard case .trouble(var state) = trouble else { return }
        trouble = nil
        if let snapshot = state.snapshot, !isAwaited(upTo: snapshot.revision, state) {
            state.snapshot = nil
            deliver(snapshot, &state, &actions)
        }
        while !state.isHeldUp, let next = state.pending.removeValue(forKey: applied + 1) { apply(next, &actions) }
        if state.later.contains(where: { $0.revision <= applied }) {
            for (revision, payload) in state.later where revision <= applied { actions.append(.deliver(payload)) }
            state.later.removeAll { $0.revision <= applied }
        }
        if state.pending.contains(where: { $0.key <= applied }) {
            state.pending = state.pending.filter { $0.key > applied }
        }
        if state.promised.contains(where: { $0.key <= applied }) {
            state.promised = state.promised.filter { $0.key > applied }
        }
        let missing = applied + 1
        let isMissing =
            state.mustRead || state.known > applied && state.promised[missing] == nil && state.snapshot == nil
        if !isMissing {
            state.due = nil
            state.missedSince = nil
        } else if state.reading == nil, state.due?.missing != missing {
            state.due = (missing, now + Self.patience)
        }
        if !isMissing, state.isOver { return }
        trouble = .trouble(state)
    }

    /// Whether somebody is still to bring a change that a snapshot of this revision includes.
    private func isAwaited(upTo revision: Int, _ state: Trouble) -> Bool {
        state.promised.keys.contains { $0 > applied && $0 <= revision }
    }

    /// Who is out goes first, and gets nothing of what follows. Then come changes of what a client has, by revision. Then
    /// new messages: of those a client whose connection breaks in between sees by `seq` what it lacks. Who is new is told of
    /// everything at once.
    private mutating func deliver(_ snapshot: Snapshot, _ state: inout Trouble, _ actions: inout [Action]) {
        state.missedSince = nil
        let isFirst = state.isFirst
        state.isFirst = false
        state.isWhole = state.mustRead && state.isWhole
        // It may be older than what came meanwhile.
        guard snapshot.revision >= applied else { return }
        actions.append(.deliver(snapshot.departures))
        if !isFirst { deliverChanges(snapshot, &state, &actions) }
        if snapshot.revision > applied {
            skippedTo = snapshot.revision
            if snapshot.others != nil { membersSkippedTo = snapshot.revision }
        }
        applied = snapshot.revision
        lastSeq = max(lastSeq, snapshot.lastSeq)
        actions.append(.deliver(isFirst ? snapshot.beginning : snapshot.arrivals))
    }

    private func deliverChanges(_ snapshot: Snapshot, _ state: inout Trouble, _ actions: inout [Action]) {
        let messages = snapshot.messages.filter { $0.revision > applied }
        var changes = messages.filter { $0.seq <= lastSeq }.map { ($0.revision, $0.whenChanged) }
        for (revision, event) in state.pending where revision <= snapshot.revision && event.kind == .other {
            changes.append((revision, event.payload))
        }
        for (_, payload) in changes.sorted(by: { $0.0 < $1.0 }) { actions.append(.deliver(payload)) }
        if let others = snapshot.others, snapshot.revision > applied {
            if snapshot.othersRevision <= snapshot.revision {
                actions.append(.deliver(others))
            } else {
                state.later.append((snapshot.othersRevision, others))
                state.known = max(state.known, snapshot.othersRevision)
            }
        }
        let stored = state.storedMessages
        for message in messages.filter({ $0.seq > lastSeq }).sorted(by: { $0.seq < $1.seq }) {
            // Whoever stored it knows which connection sent it.
            guard let own = stored[message.seq], own.revision <= message.revision else {
                actions.append(.deliver(message.whenNew))
                continue
            }
            actions.append(.deliver(own.payload))
            if own.revision < message.revision { actions.append(.deliver(message.whenChanged)) }
        }
    }

    @discardableResult
    private mutating func update<Value>(_ body: (inout Trouble) -> Value) -> Value {
        var state = Trouble()
        if case .trouble(let present) = trouble { state = present }
        let value = body(&state)
        trouble = .trouble(state)
        return value
    }
}
