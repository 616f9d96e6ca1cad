import Chat
import ChatModel
import Foundation

/// One server of a `SimulatedWorld`: what surrounds the real `Timelines`.
final class SimulatedServer {
    /// What the timeline has done when a change's turn comes.
    enum Payload: Sendable {
        case message(MessageID, ConversationID, seq: Int, revision: Int, isNew: Bool)
        case added(UserID, ConversationID, revision: Int, lastSeq: Int)
        case joined(ConversationID, revision: Int)
        case removed(UserID, ConversationID)
        case title(ConversationID, revision: Int)
        case departures(ConversationID, members: Set<UserID>)
        case arrivals(ConversationID, members: Set<UserID>, revision: Int, lastSeq: Int, isBeginning: Bool)
    }

    let number: Int
    unowned let world: SimulatedWorld
    private(set) var isUp = true
    private(set) var sockets: [SimulatedSocket] = []
    private var timelines = Timelines<Payload>()
    /// Counts the lives of the server: what an earlier one was waiting for does not happen.
    private var life = 0
    private var isListening = true
    private var hints: [ConversationID: Int] = [:]

    private static let hintPeriod: Duration = .milliseconds(250)

    init(number: Int, world: SimulatedWorld) {
        self.number = number
        self.world = world
    }

    func later(_ delay: Duration, _ body: @escaping () -> Void) {
        let life = life
        world.at(delay) { [self] in if isUp, self.life == life { body() } }
    }

    func hear(after delay: Duration, _ body: @escaping () -> Void) {
        guard isListening else { return }
        later(delay) { [self] in if isListening { body() } }
    }

    // MARK: Writing

    private func write(_ id: ConversationID, _ body: (inout SimulatedWorld.Conversation) -> SimulatedChange.Kind?) {
        guard var conversation = world.conversations[id] else { return }
        conversation.revision += 1
        guard let kind = body(&conversation) else { return }
        world.conversations[id] = conversation
        let change = SimulatedChange(conversation: id, revision: conversation.revision, kind: kind)
        // The commit's answer. A server may die before it comes.
        switch kind {
        case .sent, .edited: later(world.delay()) { [self] in bring(change) }
        case .added, .removed, .renamed:
            later(world.delay()) { [self] in
                run(timelines.promise(change.revision, in: id, at: world.now), id)
                later(world.delay()) { [self] in
                    // What is to be told may be unreadable.
                    guard world.happens(0.02) else { return bring(change) }
                    run(timelines.abandon(change.revision, in: id, at: world.now), id)
                    hint(at: change.revision, of: id)
                }
            }
        }
    }

    private func bring(_ change: SimulatedChange) {
        take(change)
        world.publish(change, from: self)
        hint(at: change.revision, of: change.conversation)
    }

    /// Tells the others, sooner or later and for certain, that there is something.
    private func hint(at revision: Int, of id: ConversationID) {
        guard world.fault != .hints else { return }
        if hints.isEmpty {
            later(Self.hintPeriod) { [self] in
                let collected = hints
                hints = [:]
                world.notify(except: self) { other in
                    for id in self.world.ids { collected[id].map { other.hear(of: $0, in: id) } }
                }
            }
        }
        hints[id] = max(revision, hints[id] ?? 0)
    }

    func send(to id: ConversationID, by sender: UserID) {
        let message = MessageID(world.random.uuid())
        write(id) { conversation in
            conversation.lastSeq += 1
            conversation.messages[message] = .init(
                seq: conversation.lastSeq, revision: conversation.revision, created: world.now)
            return .sent(message, seq: conversation.lastSeq)
        }
    }

    func edit(in id: ConversationID) {
        write(id) { conversation in
            let bySeq = conversation.messages.sorted { $0.value.seq < $1.value.seq }
            guard let (message, row) = bySeq.randomElement(using: &world.random) else { return nil }
            conversation.messages[message]?.revision = conversation.revision
            return .edited(message, seq: row.seq)
        }
    }

    func rename(_ id: ConversationID) {
        write(id) { conversation in
            conversation.titleRevision = conversation.revision
            return .renamed
        }
    }

    func change(_ id: ConversationID, _ user: UserID, isMember: Bool) {
        var notified: SimulatedChange?
        write(id) { conversation in
            guard conversation.members.contains(user) != isMember else { return nil }
            if isMember { conversation.members.insert(user) } else { conversation.members.remove(user) }
            conversation.history.append((conversation.revision, conversation.members))
            let kind: SimulatedChange.Kind =
                isMember ? .added(user, lastSeq: conversation.lastSeq, isKnown: world.happens(0.5)) : .removed(user)
            notified = SimulatedChange(conversation: id, revision: conversation.revision, kind: kind)
            return kind
        }
        // Membership is notified inside the transaction.
        if let notified { world.notify { $0.take(notified) } }
    }

    // MARK: Applying

    func take(_ change: SimulatedChange) {
        world.statistics.events += 1
        let id = change.conversation
        var newSeq: Int?
        let payload: Payload
        var arrival: Payload?
        switch change.kind {
        case .sent(let message, let seq):
            newSeq = seq
            payload = .message(message, id, seq: seq, revision: change.revision, isNew: true)
        case .edited(let message, let seq):
            payload = .message(message, id, seq: seq, revision: change.revision, isNew: false)
        case .added(let user, let lastSeq, let isKnown):
            timelines.note(id, at: change.revision, of: user, isMember: true)
            payload = .joined(id, revision: change.revision)
            arrival = .added(user, id, revision: change.revision, lastSeq: lastSeq)
            if !timelines.follows(id), sockets.contains(where: { $0.user == user && !$0.isArriving }) {
                if isKnown {
                    timelines.follow(
                        .init(id: id, revision: change.revision - 1, lastSeq: lastSeq), at: world.now)
                } else {
                    run(timelines.follow(id, loadingFrom: change.revision - 1, at: world.now), id)
                }
            }
        case .removed(let user):
            timelines.note(id, at: change.revision, of: user, isMember: false)
            payload = .removed(user, id)
        case .renamed: payload = .title(id, revision: change.revision)
        }
        if world.fault == .order, timelines.follows(id) {
            if let arrival { deliver(arrival) }
            return deliver(payload)
        }
        let kind: Timeline<Payload>.Event.Kind
        switch change.kind {
        case .sent: kind = .message(seq: newSeq ?? 0)
        case .edited: kind = .messageChange
        case .added, .removed, .renamed: kind = .other
        }
        run(
            timelines.take(
                .init(revision: change.revision, kind: kind, payload: payload, arrival: arrival), in: id, at: world.now),
            id)
    }

    func hear(of revision: Int, in id: ConversationID) {
        run(timelines.hear(of: revision, in: id, at: world.now), id)
    }

    /// In the same order whenever the seed is the same.
    private func runAll(_ all: [(conversation: ConversationID, actions: Timelines<Payload>.Actions)]) {
        for id in world.ids { for one in all where one.conversation == id { run(one.actions, id) } }
    }

    private func run(_ actions: Timelines<Payload>.Actions, _ id: ConversationID) {
        var hasDelivered = false
        for action in actions {
            switch action {
            case .deliver(let payload):
                deliver(payload)
                hasDelivered = true
            case .read(let reading): read(id, reading)
            case .giveUp:
                world.statistics.givenUp += 1
                for socket in sockets where socket.rooms.contains(id) { disconnect(socket) }
            }
        }
        // Not while the state is being read for somebody who is to be taken in.
        if hasDelivered { forgetIfEmpty(id) }
        for socket in sockets where world.happens(0.05) { socket.checkWhatItWouldMiss(id) }
        guard let deadline = timelines.deadline else { return }
        later(max(deadline - world.now, .zero)) { [self] in
            runAll(timelines.advance(to: world.now))
        }
    }

    private func deliver(_ payload: Payload) {
        switch payload {
        case .message(let message, let id, let seq, let revision, let isNew):
            for socket in sockets where socket.rooms.contains(id) {
                socket.deliver(.message(message, id, seq: seq, revision: revision, isNew: isNew))
            }
        case .title(let id, let revision):
            for socket in sockets where socket.rooms.contains(id) { socket.deliver(.title(id, revision: revision)) }
        case .joined(let id, let revision):
            for socket in sockets where socket.rooms.contains(id) { socket.deliver(.joined(id, revision: revision)) }
        case .added(let user, let id, let revision, let lastSeq):
            for socket in sockets where socket.user == user && !socket.isArriving && !socket.rooms.contains(id) {
                socket.enter(id, revision: revision, lastSeq: lastSeq)
            }
        case .removed(let user, let id):
            for socket in sockets where socket.user == user { socket.rooms.remove(id) }
        case .departures(let id, let members):
            for socket in sockets where !members.contains(socket.user) { socket.rooms.remove(id) }
        case .arrivals(let id, let members, let revision, let lastSeq, let isBeginning):
            for socket in sockets
            where members.contains(socket.user) && !socket.isArriving && (isBeginning || !socket.rooms.contains(id)) {
                socket.enter(id, revision: revision, lastSeq: lastSeq)
            }
        }
    }

    private func forgetIfEmpty(_ id: ConversationID) {
        if !sockets.contains(where: { $0.rooms.contains(id) }) { timelines.forget(id) }
    }

    /// One statement, so the answer is of one moment.
    private func read(_ id: ConversationID, _ reading: Timeline<Payload>.Read) {
        let since = reading.since
        guard world.fault != .repair, world.conversations[id] != nil else { return }
        world.statistics.reads += 1
        if world.happens(0.02) {
            return later(world.delay()) { [self] in run(timelines.failRead(reading, in: id, at: world.now), id) }
        }
        if world.happens(0.01) {
            // More was missed than can be told. Of a state that is read for the first time, more may wait than can be kept.
            return later(world.delay()) { [self] in
                run(reading.isFirst ? timelines.giveUp(id) : timelines.giveUp(reading, in: id), id)
            }
        }
        // The statement is of some moment between the question and its answer.
        later(world.delay()) { [self] in
            let (snapshot, members) = snapshot(of: id, since: since, isWhole: reading.isWhole)
            later(world.delay()) { [self] in
                run(timelines.finishRead(reading, snapshot, members: members, in: id, at: world.now), id)
            }
        }
    }

    private func snapshot(
        of id: ConversationID, since: Int, isWhole: Bool
    ) -> (Timeline<Payload>.Snapshot, members: Set<UserID>) {
        let conversation = world.conversations[id] ?? .init(members: [], history: [])
        let changed = conversation.messages.filter { $0.value.revision > since }
        let isExplained = changed.count == conversation.revision - since
        func arrivals(isBeginning: Bool) -> Payload {
            // If every revision is a message's, nobody is new.
            .arrivals(
                id, members: isExplained && !isWhole ? [] : conversation.members, revision: conversation.revision,
                lastSeq: conversation.lastSeq,
                isBeginning: isBeginning)
        }
        let snapshot = Timeline<Payload>.Snapshot(
            revision: conversation.revision, lastSeq: conversation.lastSeq,
            departures: .departures(id, members: conversation.members), arrivals: arrivals(isBeginning: false),
            beginning: arrivals(isBeginning: true),
            others: isExplained ? nil : .title(id, revision: conversation.revision),
            messages: changed.map { message, row in
                func payload(isNew: Bool) -> Payload {
                    .message(message, id, seq: row.seq, revision: row.revision, isNew: isNew)
                }
                return .init(
                    seq: row.seq, revision: row.revision, whenNew: payload(isNew: true),
                    whenChanged: payload(isNew: false))
            })
        return (snapshot, conversation.members)
    }

    // MARK: Sockets

    func connect(_ user: UserID) {
        let socket = SimulatedSocket(user: user, server: self, arrival: timelines.beginArrival(of: user))
        sockets.append(socket)
        later(world.delay()) { [self] in
            let listed = world.ids.compactMap { id in
                world.conversations[id].flatMap { conversation in
                    conversation.members.contains(user)
                        ? Timelines<Payload>.Listed(
                            id: id, revision: conversation.revision, lastSeq: conversation.lastSeq)
                        : nil
                }
            }
            later(world.delay()) { [self] in join(socket, listed) }
        }
    }

    private func join(_ socket: SimulatedSocket, _ listed: [Timelines<Payload>.Listed]) {
        guard let arrival = socket.endArrival() else { return }
        let (rooms, reads) = timelines.endArrival(arrival, listed: listed, at: world.now)
        guard socket.isAlive else {
            for id in rooms { forgetIfEmpty(id) }
            return runAll(reads)
        }
        socket.rooms.formUnion(rooms)
        for id in rooms { socket.begin(id, at: timelines.applied(id) ?? 0) }
        runAll(reads)
        // The greeting is read after the rooms are joined.
        later(world.delay()) { [self] in
            guard socket.isAlive else { return }
            let greeting = socket.rooms.flatMap { id in
                (world.conversations[id]?.messages ?? [:]).map { (id, $0.key, $0.value) }
            }
            later(world.delay()) { if socket.isAlive { socket.release(greeting) } }
        }
    }

    func disconnect(_ socket: SimulatedSocket) {
        socket.isAlive = false
        sockets.removeAll { $0 === socket }
        for id in socket.rooms { forgetIfEmpty(id) }
    }

    // MARK: Failures

    func crash() {
        for socket in sockets { socket.isAlive = false }
        sockets = []
        timelines = Timelines()
        hints = [:]
        isListening = true
        isUp = false
        life += 1
        let died = world.now
        // Its lease runs out.
        for other in world.servers where other !== self { other.later(.seconds(15)) { other.notice(death: died) } }
        world.at(.milliseconds(Int.random(in: 500...20_000, using: &world.random))) { [self] in isUp = true }
    }

    /// What the dead server stored in its last moments, and had perhaps not told anybody.
    private func notice(death: Duration) {
        for id in world.ids {
            guard let conversation = world.conversations[id], timelines.follows(id) else { continue }
            if conversation.messages.values.contains(where: { $0.created > death - .seconds(2) }) {
                hear(of: conversation.revision, in: id)
            }
        }
        reconcile()
    }

    func loseListener() {
        isListening = false
        later(.milliseconds(Int.random(in: 50...3000, using: &world.random))) { [self] in
            isListening = true
            reconcile()
        }
    }

    /// As if every user here connected again, without their devices noticing.
    private func reconcile() {
        for socket in sockets where !socket.isArriving {
            for id in world.ids {
                guard let conversation = world.conversations[id] else { continue }
                let isMember = conversation.members.contains(socket.user)
                if !timelines.follows(id) {
                    guard isMember else { continue }
                    timelines.follow(
                        .init(id: id, revision: conversation.revision, lastSeq: conversation.lastSeq), at: world.now)
                    socket.enter(id, revision: conversation.revision, lastSeq: conversation.lastSeq)
                } else if let applied = timelines.applied(id),
                    applied < conversation.revision || isMember != socket.rooms.contains(id)
                {
                    run(timelines.reread(id), id)
                }
            }
        }
    }
}
