package import ChatModel
package import Logging
import Synchronization

/// Puts the live events of all conversations in order before they go out to the connections of this process. See
/// `Timeline`.
///
/// The timelines are kept in parts, so that threads rarely wait for each other. What has to be done at the connections is
/// collected in the part's outbox, and done without its lock by one thread at a time: in order, whoever brought it.
package final class ConversationStream: EventSink {
    typealias Actions = Timelines<LiveStep>.Actions
    /// Reads what is missing.
    package typealias Reader =
        @Sendable (ConversationID, Timeline<LiveStep>.Read) async throws -> ConversationSnapshots.Answer?

    private let outlet: any LiveOutlet
    private let logger: Logger
    private let parts: [StreamPart]
    private let reader = Mutex<Reader?>(nil)
    private let order = Mutex(ArrivalOrder())
    private let began = ContinuousClock.now
    /// Seconds that the reading of what was missed took.
    let repairs = Histogram(bounds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5])

    /// How often conversations without an audience are forgotten.
    private static let forgettingPeriod: Duration = .seconds(1)

    package init(outlet: any LiveOutlet, logger: Logger, parts: Int = 16) {
        self.outlet = outlet
        self.logger = logger
        self.parts = (0..<parts).map { _ in StreamPart() }
    }

    /// To be called before the first connection.
    package func begin(reading reader: @escaping Reader) { self.reader.withLock { $0 = reader } }

    /// Forgets conversations that nobody here follows any more, until the task is cancelled.
    package func run() async {
        var unchecked = Set(outlet.takeAbandoned())
        while (try? await Task.sleep(for: Self.forgettingPeriod)) != nil {
            unchecked.formUnion(outlet.takeAbandoned())
            for part in parts { unchecked.formUnion(part.takeFollowed()) }
            unchecked = unchecked.filter { id in !part(of: id).forget(id, unless: { outlet.hasAudience(id) }) }
        }
    }

    /// The conversations that somebody here follows.
    package var conversations: [ConversationID] { parts.flatMap(\.conversations) }

    /// The conversations of which something is missing.
    package var troubled: Int { parts.reduce(0) { $0 + $1.troubled } }

    package var followed: Int { parts.reduce(0) { $0 + $1.followed } }

    private func part(of id: ConversationID) -> StreamPart { parts[index(of: id)] }

    private func index(of id: ConversationID) -> Int { Int(UInt(bitPattern: id.hashValue) % UInt(parts.count)) }

    private var now: Duration { ContinuousClock.now - began }

    // MARK: Facts

    package func announce(_ messages: [NewMessage]) {
        let now = now
        guard messages.count > 1 else {
            if let message = messages.first { change(message.message.conversationId) { self.take(message, &$0, now) } }
            return
        }
        var groups: [[NewMessage]] = Array(repeating: [], count: parts.count)
        for message in messages { groups[index(of: message.message.conversationId)].append(message) }
        var changed: [(StreamPart, StreamPart.Due)] = []
        for (part, group) in zip(parts, groups) where !group.isEmpty {
            let due = part.change { state in
                for message in group {
                    let id = message.message.conversationId
                    state.collect(take(message, &state, now), of: id)
                }
            }
            changed.append((part, due))
        }
        finish(changed)
    }

    private func take(_ new: NewMessage, _ state: inout StreamPart.State, _ now: Duration) -> Actions {
        let message = new.message
        let arriving = new.arriving
        let position = ConversationPosition(
            id: message.conversationId, revision: message.revision - 1, lastSeq: message.seq - 1)
        let arrival = self.arrival(arriving, at: position, &state, now)
        return state.timelines.take(
            .init(
                revision: message.revision, kind: .message(seq: message.seq), payload: .message(new), arrival: arrival),
            in: message.conversationId, at: now)
    }

    /// Notes who arrives with the change that follows `position`, and begins to follow the conversation for them.
    private func arrival(
        _ arriving: [NewMember], at position: ConversationPosition, _ state: inout StreamPart.State, _ now: Duration
    ) -> LiveStep? {
        guard !arriving.isEmpty else { return nil }
        for member in arriving {
            state.timelines.note(position.id, at: position.revision + 1, of: member.user, isMember: true)
        }
        if arriving.contains(where: { outlet.hasDevices($0.user) }) {
            state.follow(position, mark: order.withLock { $0.mark }, at: now)
        }
        return .several(arriving.map { .enter(position.id, $0) })
    }

    package func apply(_ news: ConversationNews) { apply(news, news.events.map { .event($0) }) }

    private func apply(_ news: ConversationNews, _ told: [LiveStep]) {
        let id = news.conversation
        let now = now
        change(id) { state in
            for user in news.leaving { state.timelines.note(id, at: news.revision, of: user, isMember: false) }
            let before = ConversationPosition(id: id, revision: news.revision - 1, lastSeq: news.lastSeq)
            let arrival = arrival(news.arriving, at: before, &state, now)
            let steps: [LiveStep] = news.leaving.map { .leave(id, $0) } + told
            return state.timelines.take(
                .init(revision: news.revision, kind: .other, payload: .several(steps), arrival: arrival), in: id,
                at: now)
        }
    }

    // MARK: What other servers tell

    /// A message, if `seq` is its position, or a change of one.
    package func relay(
        _ event: RelayedEvent, in id: ConversationID, revision: Int, seq: Int? = nil, arriving: [NewMember] = []
    ) {
        let now = now
        change(id) { state in
            let before = ConversationPosition(id: id, revision: revision - 1, lastSeq: (seq ?? 1) - 1)
            let arrival = arrival(arriving, at: before, &state, now)
            let kind = seq.map { Timeline<LiveStep>.Event.Kind.message(seq: $0) } ?? .messageChange
            return state.timelines.take(
                .init(revision: revision, kind: kind, payload: .relayed(event), arrival: arrival), in: id, at: now)
        }
    }

    /// A change that is no message's.
    /// - Parameter events: What is told with it, before the news' own.
    package func relay(_ news: ConversationNews, _ events: [RelayedEvent]) {
        apply(news, events.map { .relayed($0) } + news.events.map { .event($0) })
    }

    /// An event that has no revision.
    package func relay(_ event: RelayedEvent) { outlet.perform([.relayed(event)]) }

    /// A change is about to be told by which these users come: for those who are here the conversation is followed from now
    /// on.
    /// - Parameter lastSeq: The position of the last message before it.
    package func expect(_ revision: Int, of id: ConversationID, lastSeq: Int, arriving: [UserID]) {
        let now = now
        change(id) { state in
            for user in arriving { state.timelines.note(id, at: revision, of: user, isMember: true) }
            if arriving.contains(where: { outlet.hasDevices($0) }) {
                let position = ConversationPosition(id: id, revision: revision - 1, lastSeq: lastSeq)
                state.follow(position, mark: order.withLock { $0.mark }, at: now)
            }
            return state.timelines.promise(revision, in: id, isAwaited: !arriving.isEmpty, at: now)
        }
    }

    /// Who sees the conversation may have changed: that is read.
    /// - Parameter isHere: Whether somebody who is connected here may see it, although nobody here followed it.
    package func look(at id: ConversationID, revision: Int, isHere: Bool) {
        let now = now
        change(id) { state in
            if state.timelines.follows(id) {
                return state.timelines.hear(of: revision, in: id, at: now) + state.timelines.reread(id)
            }
            guard isHere else { return state.timelines.hear(of: revision, in: id, at: now) }
            state.noteFollowing(id)
            return state.timelines.follow(id, loadingFrom: max(0, revision - 1), at: now)
        }
    }

    /// What the database says of a conversation of which anything may have been missed.
    /// - Parameter user: Who is connected here, and has it in their list.
    /// - Returns: Whether more was told here than the database has: it may have lost changes.
    package func meet(_ position: ConversationPosition, of user: UserID) -> Bool {
        let now = now
        var isAhead = false
        change(position.id) { state in
            guard let applied = state.timelines.applied(position.id) else {
                state.noteFollowing(position.id)
                return state.timelines.follow(position.id, loadingFrom: max(0, position.revision - 1), at: now)
            }
            isAhead = applied > position.revision
            let actions = state.timelines.hear(of: position.revision, in: position.id, at: now)
            guard let mark = state.timelines.mark(position.id), order.withLock({ $0.wasHere(user, before: mark) })
            else {
                return actions
            }
            return actions + state.timelines.readMembers(position.id)
        }
        return isAhead
    }

    /// The last revision that went out; nil if nobody here follows the conversation.
    package func applied(_ id: ConversationID) -> Int? { part(of: id).applied(id) }

    package func follows(_ id: ConversationID) -> Bool { applied(id) != nil }

    /// What was told cannot be put right: the conversation's connections are cut.
    package func giveUp(_ id: ConversationID) { change(id) { $0.timelines.giveUp(id) } }

    /// All connections are cut: nobody knows what they missed.
    package func cut(_ users: [UserID]) { outlet.perform(users.map { .order(.cut($0, hiding: nil)) }) }

    package func deliver(_ event: ChatEvent) {
        switch event {
        case .messageUpdated(let message), .messageDeleted(let message):
            deliver(event, message, revision: message.revision)
        case .reactionChanged(let reacting, let message): deliver(event, message, revision: reacting.revision)
        case .conversationUpdated(let view, _):
            let now = now
            change(view.id) { $0.timelines.tell(.event(event), in: view.id, asOf: view.revision, at: now) }
        case .conversationCreated(let view, _):
            change(view.id) { state in
                state.perform(.event(event))
                return []
            }
        default: outlet.perform([.event(event)])
        }
    }

    private func deliver(_ event: ChatEvent, _ message: Message, revision: Int) {
        let now = now
        change(message.conversationId) { state in
            state.timelines.take(
                .init(revision: revision, kind: .messageChange, payload: .event(event)), in: message.conversationId,
                at: now)
        }
    }

    package func promise(_ revision: Int, of id: ConversationID) {
        let now = now
        change(id) { $0.timelines.promise(revision, in: id, at: now) }
    }

    package func retract(_ revision: Int, of id: ConversationID) {
        let now = now
        change(id) { $0.timelines.retract(revision, in: id, at: now) }
    }

    package func abandon(_ revision: Int, of id: ConversationID) {
        let now = now
        change(id) { $0.timelines.abandon(revision, in: id, at: now) }
    }

    package func hear(of revision: Int, in id: ConversationID) {
        let now = now
        change(id) { $0.timelines.hear(of: revision, in: id, at: now) }
    }

    /// Something may have been missed of which nothing was heard.
    package func reread(_ id: ConversationID) { change(id) { $0.timelines.reread(id) } }

    package func order(_ order: ConnectionOrder) {
        switch order {
        case .show(let position, let user):
            let now = now
            change(position.id) { state in
                state.noteFollowing(position.id)
                let actions = state.timelines.show(position, to: user, at: now)
                state.perform(.enter(position.id, NewMember(user: user, view: nil)))
                return actions
            }
        case .hide(let id, let user, let revision):
            change(id) { state in
                let told = LiveStep.event(.conversationRemoved(id, for: user, revision: revision))
                state.perform(.several([.leave(id, user), told]))
                return state.timelines.beginHiding(id, from: user, at: revision)
            }
        case .endHiding(let id, let user): change(id) { $0.timelines.endHiding(id, from: user) }
        case .cut(let user, let hiding):
            if let hiding { change(hiding) { $0.timelines.endHiding(hiding, from: user) } }
            outlet.perform([.order(order)])
        case .closeSession, .closeAccount: outlet.perform([.order(order)])
        }
    }

    // MARK: Arrivals

    /// One device that is connecting.
    package struct Arrival: Sendable {
        fileprivate let user: UserID
        fileprivate let began: Int
        fileprivate let parts: [Timelines<LiveStep>.Arrival]
    }

    /// To be called before the device's list of conversations is read.
    package func beginArrival(of user: UserID) -> Arrival {
        let began = order.withLock { $0.begin() }
        return Arrival(user: user, began: began, parts: parts.map { $0.beginArrival(of: user) })
    }

    /// The user's last device here is gone.
    package func depart(_ user: UserID) { order.withLock { $0.depart(user) } }

    package func cancelArrival(_ arrival: Arrival) {
        for (part, arrival) in zip(parts, arrival.parts) { part.cancelArrival(arrival) }
    }

    /// The device joins the rooms of these conversations, corrected by what changed since `beginArrival`.
    /// - Parameter join: Is called in the order in which events go out: what goes out after it reaches the device.
    /// - Returns: The position of the last message that went out in each of these rooms before the device joined. What
    ///   follows, and everything in other conversations, comes to it by itself.
    @discardableResult
    package func endArrival(
        _ arrival: Arrival, listed: [ConversationPosition],
        join: @escaping @Sendable ([ConversationID]) -> Void
    ) -> [ConversationID: Int] {
        var positions: [ConversationID: Int] = [:]
        positions.reserveCapacity(listed.count)
        let now = now
        let mark = order.withLock { $0.end(arrival.user, began: arrival.began) }
        var groups: [[ConversationPosition]] = Array(repeating: [], count: parts.count)
        for position in listed { groups[index(of: position.id)].append(position) }
        let changed = parts.enumerated().map { index, part in
            let due = part.change { state in
                let new = groups[index].filter { !state.timelines.follows($0.id) }
                let (rooms, reads) = state.timelines.endArrival(
                    arrival.parts[index], listed: groups[index], mark: mark, at: now)
                for position in new { state.noteFollowing(position.id) }
                if !rooms.isEmpty { state.perform(.join(rooms, join)) }
                for id in rooms { positions[id] = state.timelines.lastSeq(id) }
                for (id, actions) in reads {
                    state.noteFollowing(id)
                    state.collect(actions, of: id)
                }
            }
            return (part, due)
        }
        finish(changed)
        return positions
    }

    // MARK: Work

    private func change(_ id: ConversationID, _ body: (inout StreamPart.State) -> Actions) {
        let part = part(of: id)
        let due = part.change { state in state.collect(body(&state), of: id) }
        finish([(part, due)])
    }

    /// Does what the changes of these parts have led to. The steps of all parts are done together: that costs each event
    /// loop and each connection less.
    private func finish(_ changed: [(StreamPart, StreamPart.Due)]) {
        var steps: [LiveStep] = []
        var mine: [StreamPart] = []
        for (part, due) in changed where !due.steps.isEmpty {
            steps += due.steps
            mine.append(part)
        }
        while !mine.isEmpty {
            if !steps.isEmpty { outlet.perform(steps) }
            steps = []
            mine.removeAll { part in
                guard let more = part.takeSteps() else { return true }
                steps += more
                return false
            }
        }
        for (part, due) in changed {
            for (id, read) in due.reads { self.read(id, read) }
            if let alarm = due.alarm { wake(part, at: alarm) }
        }
    }

    private func wake(_ part: StreamPart, at time: Duration) {
        Task {
            try? await Task.sleep(until: began + time, clock: .continuous)
            let now = now
            let due = part.change { state in
                state.alarm = nil
                for (id, actions) in state.timelines.advance(to: now) { state.collect(actions, of: id) }
            }
            finish([(part, due)])
        }
    }

    private func read(_ id: ConversationID, _ read: Timeline<LiveStep>.Read) {
        let reader = reader.withLock { $0 }
        Task {
            do {
                let start = ContinuousClock.now
                let answer = try await reader?(id, read)
                repairs.record((ContinuousClock.now - start) / .seconds(1))
                let now = now
                change(id) { state in
                    guard let (snapshot, members) = answer else {
                        return state.timelines.giveUp(read, in: id)
                    }
                    return state.timelines.finishRead(read, snapshot, members: members, in: id, at: now)
                }
            } catch {
                logger.debug("missed events wait for the database", metadata: ["error": "\(error)"])
                let now = now
                change(id) { $0.timelines.failRead(read, in: id, at: now) }
            }
        }
    }
}
