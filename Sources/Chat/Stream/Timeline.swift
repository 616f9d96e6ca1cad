/// Puts the changes of one conversation in the order of their revisions.
///
/// Each change of a conversation has a revision, and none is left out. A change that comes early waits for those before
/// it. One that is missing for `patience` is read from the database, with everything else past what was delivered: events
/// may be lost, doubled or late, and the database has them all.
///
/// A pure machine: facts and the time go in, actions come out. It knows no sockets, no SQL and no clock. Times are counted
/// from any fixed moment.
package struct Timeline<Payload: Sendable>: Sendable {
    /// One change, and what has to be done about it when its turn comes.
    package struct Event: Sendable {
        package enum Kind: Sendable, Equatable {
            /// A new message at this position.
            case message(seq: Int)
            /// A message that was there before has changed.
            case messageChange
            /// Members, roles, the title. A snapshot does not tell of it, so it is never skipped.
            case other
        }

        package var revision: Int
        package var kind: Kind
        package var payload: Payload
        /// Takes in whoever became a member by it, and tells them the whole state. Where a snapshot includes the change, it
        /// tells them, and of its own moment.
        package var arrival: Payload?

        package init(revision: Int, kind: Kind, payload: Payload, arrival: Payload? = nil) {
            self.revision = revision
            self.kind = kind
            self.payload = payload
            self.arrival = arrival
        }
    }

    /// The conversation at one moment, as one statement read it.
    package struct Snapshot: Sendable {
        package struct Message: Sendable {
            package var seq: Int
            package var revision: Int
            /// What is delivered to those who have not seen the message, and to those who have.
            package var whenNew: Payload
            package var whenChanged: Payload

            package init(seq: Int, revision: Int, whenNew: Payload, whenChanged: Payload) {
                self.seq = seq
                self.revision = revision
                self.whenNew = whenNew
                self.whenChanged = whenChanged
            }
        }

        package var revision: Int
        package var lastSeq: Int
        /// Takes those out of the room who are not members any more.
        package var departures: Payload
        /// Takes those in who are members and not there yet: they are told the whole state.
        package var arrivals: Payload
        /// In place of all else where the state was not known: tells it to every member's connections, and takes them in.
        package var beginning: Payload
        /// Tells what else may have changed: the title, the roles. Nil where every revision is a message's.
        package var others: Payload?
        /// Those that are new or changed past the revision from which on they were read.
        package var messages: [Message]

        package init(
            revision: Int, lastSeq: Int, departures: Payload, arrivals: Payload, beginning: Payload, others: Payload?,
            messages: [Message]
        ) {
            self.revision = revision
            self.lastSeq = lastSeq
            self.departures = departures
            self.arrivals = arrivals
            self.beginning = beginning
            self.others = others
            self.messages = messages
        }
    }

    /// The reading of a snapshot of what is past a revision. An answer to another one counts for nothing: it may have been
    /// meant for an earlier timeline of the same conversation.
    package struct Read: Sendable, Equatable {
        package var since: Int
        fileprivate var timeline: Int
    }

    package enum Action: Sendable {
        case deliver(Payload)
        /// `finishRead` or `failRead` follows.
        case read(Read)
        /// What is missing cannot be told. The conversation's connections are cut, so that their clients catch up, and this
        /// timeline is thrown away.
        case giveUp
    }

    /// How long a missing revision is waited for.
    package static var patience: Duration { .milliseconds(100) }
    /// How long a change that was promised is waited for, and a database that does not answer.
    package static var maxWait: Duration { .seconds(10) }
    /// The pause after a failed read.
    package static var retryDelay: Duration { .milliseconds(500) }
    /// How many changes may wait.
    package static var maxPending: Int { 2000 }

    /// Every change up to this revision was delivered.
    package private(set) var applied: Int
    /// The position of the last message that was delivered.
    package private(set) var lastSeq: Int
    private let number: Int
    /// Nil as long as every change has come in its turn.
    private var trouble: Box?

    private indirect enum Box: Sendable { case trouble(Trouble) }

    private struct Trouble: Sendable {
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
        /// Whether the state was not known when the timeline began, so that there is nobody to whom messages are new.
        var isFirst = false
        /// A snapshot that waits for promised changes which it includes.
        var snapshot: Snapshot?

        var isOver: Bool {
            pending.isEmpty && promised.isEmpty && reading == nil && snapshot == nil && !isFirst && !mustRead
        }
    }

    /// Follows a conversation from a known state on.
    /// - Parameter number: Tells the timelines of one conversation from each other.
    package init(applied: Int, lastSeq: Int, number: Int = 0) {
        self.applied = applied
        self.lastSeq = lastSeq
        self.number = number
    }

    /// Follows a conversation of which only is known that it had this revision. Its state is read first, and only its rooms
    /// are told.
    package init(loadingFrom revision: Int, number: Int = 0, _ actions: inout [Action]) {
        self.init(applied: revision, lastSeq: 0, number: number)
        update { $0.isFirst = true }
        read(&actions)
    }

    private mutating func read(_ actions: inout [Action]) {
        let read = Read(since: applied, timeline: number)
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
        guard event.revision > applied else { return }
        if trouble == nil, event.revision == applied + 1 { return apply(event, &actions) }
        let isTooMuch = update {
            $0.promised[event.revision] = nil
            $0.pending[event.revision] = event
            $0.known = max($0.known, event.revision)
            return $0.pending.count > Self.maxPending
        }
        if isTooMuch { return actions.append(.giveUp) }
        settle(at: now, &actions)
    }

    /// Somebody has committed this change and will bring it: it is not read from the database meanwhile.
    package mutating func promise(_ revision: Int, at now: Duration, _ actions: inout [Action]) {
        guard revision > applied else { return }
        update {
            if $0.pending[revision] == nil { $0.promised[revision] = now + Self.maxWait }
            $0.known = max($0.known, revision)
        }
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
            return now - since >= Self.maxWait
        }
        if isHopeless { actions.append(.giveUp) }
    }

    /// Something may have been missed of which nothing was heard.
    package mutating func reread(_ actions: inout [Action]) {
        // A snapshot that is being read may be older than what was missed.
        let isReading = update {
            $0.mustRead = $0.reading != nil
            return $0.mustRead
        }
        if !isReading { read(&actions) }
    }

    /// The deadline has come.
    package mutating func advance(to now: Duration, _ actions: inout [Action]) {
        guard case .trouble(let state) = trouble else { return }
        if state.promised.values.contains(where: { $0 <= now }) { return actions.append(.giveUp) }
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
        while !state.isFirst, let next = state.pending.removeValue(forKey: applied + 1) { apply(next, &actions) }
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
        // It may be older than what came meanwhile.
        guard snapshot.revision >= applied else { return }
        actions.append(.deliver(snapshot.departures))
        if !isFirst { deliverChanges(snapshot, state, &actions) }
        applied = snapshot.revision
        lastSeq = max(lastSeq, snapshot.lastSeq)
        actions.append(.deliver(isFirst ? snapshot.beginning : snapshot.arrivals))
    }

    private func deliverChanges(_ snapshot: Snapshot, _ state: Trouble, _ actions: inout [Action]) {
        let messages = snapshot.messages.filter { $0.revision > applied }
        var changes = messages.filter { $0.seq <= lastSeq }.map { ($0.revision, $0.whenChanged) }
        for (revision, event) in state.pending where revision <= snapshot.revision && event.kind == .other {
            changes.append((revision, event.payload))
        }
        for (_, payload) in changes.sorted(by: { $0.0 < $1.0 }) { actions.append(.deliver(payload)) }
        if let others = snapshot.others, snapshot.revision > applied { actions.append(.deliver(others)) }
        for message in messages.filter({ $0.seq > lastSeq }).sorted(by: { $0.seq < $1.seq }) {
            // Whoever stored it knows which connection sent it.
            let own = state.pending[message.revision]
            let isSame = own?.kind == .message(seq: message.seq)
            actions.append(.deliver(isSame ? own?.payload ?? message.whenNew : message.whenNew))
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
