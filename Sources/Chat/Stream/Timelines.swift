package import ChatModel

/// The timelines of all conversations that somebody here follows, and what devices that are connecting must know of them.
/// A pure machine, like `Timeline`.
package struct Timelines<Payload: Sendable>: Sendable {
    package typealias Actions = [Timeline<Payload>.Action]

    /// The arrival of one device. It reads its user's conversations and then joins their rooms. What changes in between is
    /// noted here.
    package struct Arrival: Hashable, Sendable {
        fileprivate let number: Int
        fileprivate let user: UserID
    }

    /// A conversation as the list of an arriving device names it.
    package struct Listed: Sendable {
        package var id: ConversationID
        package var revision: Int
        package var lastSeq: Int

        package init(id: ConversationID, revision: Int, lastSeq: Int) {
            self.id = id
            self.revision = revision
            self.lastSeq = lastSeq
        }
    }

    private struct Note: Sendable {
        var revision: Int
        var isMember: Bool
    }

    private var timelines: [ConversationID: Timeline<Payload>] = [:]
    /// Of those timelines that wait for something.
    private var deadlines: [ConversationID: Duration] = [:]
    private var arrivals: [UserID: [Int: [ConversationID: Note]]] = [:]
    private var lastArrival = 0
    /// The last device that had begun to arrive when a conversation's snapshot began to be read.
    private var readings: [ConversationID: Int] = [:]
    private var lastTimeline = 0
    /// The last revisions that were heard of, of conversations that nobody here follows. One that somebody is about to follow
    /// may have gone on since it was listed.
    private var recent: [ConversationID: (revision: Int, at: Duration)] = [:]

    /// How long these are remembered, and how many.
    private static var memory: Duration { .seconds(10) }
    private static var maxRecent: Int { 10_000 }

    package init() {}

    package var conversations: some Collection<ConversationID> { timelines.keys }
    package var deadline: Duration? { deadlines.values.min() }

    package func follows(_ id: ConversationID) -> Bool { timelines[id] != nil }

    /// The last revision that was delivered; nil if nobody here follows the conversation.
    package func applied(_ id: ConversationID) -> Int? { timelines[id]?.applied }

    // MARK: Following

    /// The first member here became one by a change that says what the conversation looked like then.
    package mutating func follow(_ listed: Listed, at now: Duration) {
        guard timelines[listed.id] == nil else { return }
        lastTimeline += 1
        timelines[listed.id] = Timeline(
            applied: listed.revision, lastSeq: listed.lastSeq, number: lastTimeline)
        hearAgain(listed.id, at: now)
    }

    /// The first member here became one by a change of which only the revision is known.
    package mutating func follow(_ id: ConversationID, loadingFrom revision: Int, at now: Duration) -> Actions {
        guard timelines[id] == nil else { return [] }
        var actions: Actions = []
        lastTimeline += 1
        timelines[id] = Timeline(loadingFrom: revision, number: lastTimeline, &actions)
        readings[id] = lastArrival
        hearAgain(id, at: now)
        return actions
    }

    private mutating func hearAgain(_ id: ConversationID, at now: Duration) {
        guard let last = recent.removeValue(forKey: id), now - last.at < Self.memory else { return }
        _ = with(id) { $0.hear(of: last.revision, at: now, &$1) }
    }

    private mutating func remember(_ revision: Int, of id: ConversationID, at now: Duration) {
        if recent.count >= Self.maxRecent { recent = recent.filter { now - $0.value.at < Self.memory } }
        guard recent.count < Self.maxRecent || recent[id] != nil else { return }
        recent[id] = (max(revision, recent[id]?.revision ?? 0), now)
    }

    /// Nobody here is in the room any more. What waits may still let somebody in: until it has come in its turn, nothing is
    /// forgotten.
    package mutating func forget(_ id: ConversationID) {
        if timelines[id]?.isInOrder == true { remove(id) }
    }

    /// Throws the timeline away, whatever waits in it.
    package mutating func remove(_ id: ConversationID) {
        timelines[id] = nil
        deadlines[id] = nil
        readings[id] = nil
    }

    // MARK: Facts

    package mutating func take(
        _ event: Timeline<Payload>.Event, in id: ConversationID, at now: Duration
    ) -> Actions {
        guard follows(id) else {
            remember(event.revision, of: id, at: now)
            return []
        }
        return with(id) { $0.take(event, at: now, &$1) }
    }

    package mutating func promise(_ revision: Int, in id: ConversationID, at now: Duration) -> Actions {
        with(id) { $0.promise(revision, at: now, &$1) }
    }

    package mutating func abandon(_ revision: Int, in id: ConversationID, at now: Duration) -> Actions {
        with(id) { $0.abandon(revision, at: now, &$1) }
    }

    package mutating func hear(of revision: Int, in id: ConversationID, at now: Duration) -> Actions {
        guard follows(id) else {
            remember(revision, of: id, at: now)
            return []
        }
        return with(id) { $0.hear(of: revision, at: now, &$1) }
    }

    /// - Parameter members: Who was a member at the moment of the snapshot.
    package mutating func finishRead(
        _ read: Timeline<Payload>.Read, _ snapshot: Timeline<Payload>.Snapshot, members: Set<UserID>,
        in id: ConversationID, at now: Duration
    ) -> Actions {
        if timelines[id]?.isReading(read) == true { note(id, at: snapshot.revision, members: members) }
        return with(id) { $0.finishRead(read, snapshot, at: now, &$1) }
    }

    package mutating func failRead(
        _ read: Timeline<Payload>.Read, in id: ConversationID, at now: Duration
    ) -> Actions {
        with(id) { $0.failRead(read, at: now, &$1) }
    }

    /// Something may have been missed: the conversation's state is to be read, whatever was heard of.
    package mutating func reread(_ id: ConversationID) -> Actions { with(id) { $0.reread(&$1) } }

    /// Acts on every deadline that has come.
    package mutating func advance(to now: Duration) -> [(conversation: ConversationID, actions: Actions)] {
        deadlines.filter { $0.value <= now }.map { id, _ in (id, with(id) { $0.advance(to: now, &$1) }) }
    }

    private mutating func with(
        _ id: ConversationID, _ body: (inout Timeline<Payload>, inout Actions) -> Void
    ) -> Actions {
        guard let index = timelines.index(forKey: id) else { return [] }
        let wasInOrder = timelines.values[index].isInOrder
        var actions: Actions = []
        body(&timelines.values[index], &actions)
        if !wasInOrder || !timelines.values[index].isInOrder { deadlines[id] = timelines.values[index].deadline }
        for action in actions {
            switch action {
            case .deliver: continue
            case .read: readings[id] = lastArrival
            case .giveUp: remove(id)
            }
        }
        return actions
    }

    // MARK: Arrivals

    package mutating func beginArrival(of user: UserID) -> Arrival {
        lastArrival += 1
        arrivals[user, default: [:]][lastArrival] = [:]
        return Arrival(number: lastArrival, user: user)
    }

    /// Notes a change of membership as soon as anything is known of it, whether its turn has come or not.
    package mutating func note(_ id: ConversationID, at revision: Int, of user: UserID, isMember: Bool) {
        guard let devices = arrivals[user] else { return }
        note(id, at: revision, of: user, isMember: isMember, Array(devices.keys))
    }

    private mutating func note(
        _ id: ConversationID, at revision: Int, of user: UserID, isMember: Bool, _ devices: [Int]
    ) {
        for device in devices where arrivals[user]?[device]?[id].map({ $0.revision < revision }) ?? true {
            arrivals[user]?[device]?[id] = Note(revision: revision, isMember: isMember)
        }
    }

    /// Notes who was a member, as a snapshot says. A device that began to arrive after the
    /// reading began has a newer list: it may lack what has been undone since.
    private mutating func note(_ id: ConversationID, at revision: Int, members: Set<UserID>) {
        guard let last = readings.removeValue(forKey: id) else { return }
        for (user, devices) in arrivals {
            note(id, at: revision, of: user, isMember: members.contains(user), devices.keys.filter { $0 <= last })
        }
    }

    /// The device joins the rooms that its list names, corrected by what was noted since: a note counts against a list that
    /// is older.
    /// - Returns: The conversations whose rooms it is to join, and what has to be read.
    package mutating func endArrival(
        _ arrival: Arrival, listed: [Listed], at now: Duration
    ) -> (rooms: [ConversationID], reads: [(conversation: ConversationID, actions: Actions)]) {
        let notes = arrivals[arrival.user]?.removeValue(forKey: arrival.number) ?? [:]
        if arrivals[arrival.user]?.isEmpty == true { arrivals[arrival.user] = nil }
        var rooms: [ConversationID] = []
        var reads: [(ConversationID, Actions)] = []
        rooms.reserveCapacity(listed.count)
        var newer = notes
        for conversation in listed {
            if let note = notes[conversation.id] {
                if note.revision > conversation.revision, !note.isMember { continue }
                newer[conversation.id] = nil
            }
            rooms.append(conversation.id)
            follow(conversation, at: now)
        }
        for (id, note) in newer where note.isMember {
            // Where nothing is followed yet, the device joins by the snapshot, which tells it the state.
            guard !follows(id) else {
                rooms.append(id)
                continue
            }
            reads.append((id, follow(id, loadingFrom: note.revision - 1, at: now)))
        }
        return (rooms, reads)
    }
}
