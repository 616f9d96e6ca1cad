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
    package typealias Listed = ConversationPosition

    private struct Note: Sendable {
        var revision: Int
        var isMember: Bool
        /// Whether somebody came or went without a revision, after the change that had this one.
        var isUnrevised = false

        func isNewer(than other: Note) -> Bool {
            isUnrevised ? revision >= other.revision : revision > other.revision
        }
    }

    private var timelines: [ConversationID: Timeline<Payload>] = [:]
    /// Of those timelines that wait for something.
    private var deadlines: [ConversationID: Duration] = [:]
    private var arrivals: [UserID: [Int: [ConversationID: Note]]] = [:]
    private var lastArrival = 0
    /// The last device that had begun to arrive when a conversation's snapshot began to be read.
    private var readings: [ConversationID: Int] = [:]
    private var lastTimeline: UInt32 = 0
    /// From whom conversations are being hidden: how often, and since which revision. The database may still show them.
    private var hidings: [UserID: [ConversationID: (count: Int, revision: Int)]] = [:]
    /// The last revisions that were heard of, of conversations that nobody here follows. One that somebody is about to follow
    /// may have gone on since it was listed.
    private var recent: [ConversationID: (revision: Int, at: Duration)] = [:]

    /// How long these are remembered, and how many.
    private static var memory: Duration { .seconds(10) }
    private static var maxRecent: Int { 10_000 }
    /// When `recent` is cleaned again.
    private var nextCleaning: Duration = .zero

    package init() {}

    package var conversations: some Collection<ConversationID> { timelines.keys }
    /// How many wait for something.
    package var troubled: Int { deadlines.count }
    package var deadline: Duration? { deadlines.values.min() }

    package func follows(_ id: ConversationID) -> Bool { timelines[id] != nil }

    /// The last revision that was delivered; nil if nobody here follows the conversation.
    package func applied(_ id: ConversationID) -> Int? { timelines[id]?.applied }

    /// The position of the last message that was delivered; nil if nobody here follows the conversation.
    package func lastSeq(_ id: ConversationID) -> Int? { timelines[id]?.lastSeq }

    // MARK: Following

    /// The first member here became one by a change that says what the conversation looked like then.
    @discardableResult
    package mutating func follow(_ listed: Listed, mark: Int? = nil, at now: Duration) -> Actions {
        guard timelines[listed.id] == nil else {
            return with(listed.id) { $0.begin(applied: listed.revision, lastSeq: listed.lastSeq, &$1) }
        }
        lastTimeline &+= 1
        timelines[listed.id] = Timeline(
            applied: listed.revision, lastSeq: listed.lastSeq, number: lastTimeline)
        if listed.revision > 0 { timelines[listed.id]?.mark = mark }
        hearAgain(listed.id, at: now)
        return []
    }

    /// The first member here became one by a change of which only the revision is known.
    package mutating func follow(_ id: ConversationID, loadingFrom revision: Int, at now: Duration) -> Actions {
        guard timelines[id] == nil else { return [] }
        let actions = load(id, from: revision)
        hearAgain(id, at: now)
        return actions
    }

    private mutating func load(_ id: ConversationID, from revision: Int) -> Actions {
        var actions: Actions = []
        lastTimeline &+= 1
        timelines[id] = Timeline(loadingFrom: revision, number: lastTimeline, &actions)
        readings[id] = lastArrival
        return actions
    }

    private mutating func hearAgain(_ id: ConversationID, at now: Duration) {
        guard let last = recent.removeValue(forKey: id), now - last.at < Self.memory else { return }
        _ = with(id) { $0.hear(of: last.revision, at: now, &$1) }
    }

    private mutating func remember(_ revision: Int, of id: ConversationID, at now: Duration) {
        if recent.count >= Self.maxRecent, now >= nextCleaning {
            recent = recent.filter { now - $0.value.at < Self.memory }
            nextCleaning = now + .seconds(1)
        }
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

    package mutating func promise(
        _ revision: Int, in id: ConversationID, isAwaited: Bool = false, at now: Duration
    ) -> Actions {
        with(id) { $0.promise(revision, isAwaited: isAwaited, at: now, &$1) }
    }

    package mutating func retract(_ revision: Int, in id: ConversationID, at now: Duration) -> Actions {
        with(id) { $0.retract(revision, at: now, &$1) }
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

    /// Tells something that was read from the database after a change, and has everything up to `revision`.
    package mutating func tell(
        _ payload: Payload, in id: ConversationID, asOf revision: Int, at now: Duration
    ) -> Actions {
        with(id) { $0.tell(payload, asOf: revision, at: now, &$1) }
    }

    /// - Parameter members: Who was a member at the moment of the snapshot.
    package mutating func finishRead(
        _ read: Timeline<Payload>.Read, _ snapshot: Timeline<Payload>.Snapshot, members: Set<UserID>,
        in id: ConversationID, at now: Duration
    ) -> Actions {
        guard timelines[id]?.isReading(read) == true else { return [] }
        // The database has gone back: nothing is told meanwhile, so a snapshot is never older otherwise.
        if read.isWhole, !read.isFirst, let applied = applied(id), snapshot.revision < applied { return giveUp(id) }
        // Nobody knows whether the snapshot has what is being hidden.
        if hidings.values.contains(where: { $0[id] != nil }) { return failRead(read, in: id, at: now) }
        note(id, at: snapshot.revision, members: members)
        return with(id) { $0.finishRead(read, snapshot, at: now, &$1) }
    }

    package mutating func failRead(
        _ read: Timeline<Payload>.Read, in id: ConversationID, at now: Duration
    ) -> Actions {
        with(id) { $0.failRead(read, at: now, &$1) }
    }

    /// Something may have been missed: the conversation's state is to be read, whatever was heard of.
    package mutating func reread(_ id: ConversationID) -> Actions { with(id) { $0.reread(&$1) } }

    /// Somebody was here when the conversation began to be followed, and was not told of it: it is read who is a member, once.
    package mutating func readMembers(_ id: ConversationID) -> Actions {
        guard timelines[id]?.mark != nil else { return [] }
        timelines[id]?.mark = nil
        return reread(id)
    }

    /// By its owner's count, when the conversation began to be followed without anybody being told of it.
    package func mark(_ id: ConversationID) -> Int? { timelines[id]?.mark }

    /// There is no snapshot: more was missed than can be told, or there is no such conversation.
    package mutating func giveUp(_ read: Timeline<Payload>.Read, in id: ConversationID) -> Actions {
        guard timelines[id]?.isReading(read) == true else { return [] }
        guard read.isFirst else { return giveUp(id) }
        // Nothing was asked of it but that it exists.
        remove(id)
        return [.giveUp]
    }

    /// What was missed cannot be told. What was told to nobody yet is read from the beginning for those who wait for it.
    package mutating func giveUp(_ id: ConversationID) -> Actions {
        guard let timeline = timelines[id] else { return [] }
        remove(id)
        return [.giveUp] + (timeline.isAwaited ? load(id, from: 0) : [])
    }

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
        var again: Actions = []
        body(&timelines.values[index], &actions)
        if !wasInOrder || !timelines.values[index].isInOrder { deadlines[id] = timelines.values[index].deadline }
        for action in actions {
            switch action {
            case .deliver: continue
            case .read: readings[id] = lastArrival
            case .giveUp: again = giveUp(id).filter { if case .read = $0 { true } else { false } }
            }
        }
        return actions + again
    }

    // MARK: Arrivals

    package mutating func beginArrival(of user: UserID) -> Arrival {
        lastArrival += 1
        arrivals[user, default: [:]][lastArrival] =
            hidings[user]?.mapValues {
                Note(revision: $0.revision, isMember: false, isUnrevised: true)
            } ?? [:]
        return Arrival(number: lastArrival, user: user)
    }

    /// The device is gone, or could not read its list.
    package mutating func cancelArrival(_ arrival: Arrival) {
        arrivals[arrival.user]?[arrival.number] = nil
        if arrivals[arrival.user]?.isEmpty == true { arrivals[arrival.user] = nil }
    }

    /// Notes a change of membership as soon as anything is known of it, whether its turn has come or not.
    package mutating func note(_ id: ConversationID, at revision: Int, of user: UserID, isMember: Bool) {
        if isMember, let hiding = hidings[user]?[id], revision > hiding.revision {
            // It was committed after a hiding that has not ended here yet.
            forgetHiding(of: id, from: user)
        }
        // What comes late was noted in its time. A device that began to arrive since has a newer list.
        guard let devices = arrivals[user], applied(id).map({ revision > $0 }) ?? true else { return }
        note(id, of: user, Note(revision: revision, isMember: isMember), Array(devices.keys))
    }

    private mutating func note(_ id: ConversationID, of user: UserID, _ note: Note, _ devices: [Int]) {
        for device in devices where arrivals[user]?[device]?[id].map(note.isNewer) ?? true {
            arrivals[user]?[device]?[id] = note
        }
    }

    // MARK: Hiding

    /// The conversation is about to be hidden from `user`, who is out of its room from now on. No message is stored in it
    /// before that is committed. `endHiding` follows.
    package mutating func beginHiding(_ id: ConversationID, from user: UserID, at revision: Int) -> Actions {
        hidings[user, default: [:]][id, default: (0, revision)].count += 1
        hidings[user]?[id]?.revision = revision
        noteUnrevised(id, at: revision, of: user, isMember: false)
        return with(id) { $0.readAgain(&$1) }
    }

    package mutating func endHiding(_ id: ConversationID, from user: UserID) -> Actions {
        if let hiding = hidings[user]?[id] {
            if hiding.count > 1 { hidings[user]?[id]?.count -= 1 } else { forgetHiding(of: id, from: user) }
        }
        return with(id) { $0.readAgain(&$1) }
    }

    /// A hidden conversation is shown again although nothing changed in it: `user` is in its room from now on.
    package mutating func show(_ listed: Listed, to user: UserID, at now: Duration) -> Actions {
        forgetHiding(of: listed.id, from: user)
        noteUnrevised(listed.id, at: listed.revision, of: user, isMember: true)
        return follow(listed, at: now) + with(listed.id) { $0.readAgain(&$1) }
    }

    private mutating func noteUnrevised(_ id: ConversationID, at revision: Int, of user: UserID, isMember: Bool) {
        guard let devices = arrivals[user] else { return }
        note(id, of: user, Note(revision: revision, isMember: isMember, isUnrevised: true), Array(devices.keys))
    }

    private mutating func forgetHiding(of id: ConversationID, from user: UserID) {
        hidings[user]?[id] = nil
        if hidings[user]?.isEmpty == true { hidings[user] = nil }
    }

    // MARK: The end of an arrival

    /// Notes who was a member, as a snapshot says. A device that began to arrive after the
    /// reading began has a newer list: it may lack what has been undone since.
    private mutating func note(_ id: ConversationID, at revision: Int, members: Set<UserID>) {
        guard let last = readings.removeValue(forKey: id) else { return }
        for (user, devices) in arrivals {
            note(
                id, of: user, Note(revision: revision, isMember: members.contains(user)),
                devices.keys.filter { $0 <= last })
        }
    }

    /// Whether the timeline has skipped changes that are newer than all that is known of a device's membership. One that comes
    /// late is not heeded any more: the device is let in by a snapshot.
    private func hasSkipped(_ note: Note, of id: ConversationID) -> Bool {
        guard let timeline = timelines[id], !timeline.isLoading else { return false }
        return note.revision < timeline.membersSkippedTo
    }

    /// The device joins the rooms that its list names, corrected by what was noted since: a note counts against a list that
    /// is older.
    /// - Returns: The conversations whose rooms it is to join, and what has to be read.
    package mutating func endArrival(
        _ arrival: Arrival, listed: [Listed], mark: Int? = nil, at now: Duration
    ) -> (rooms: [ConversationID], reads: [(conversation: ConversationID, actions: Actions)]) {
        let notes = arrivals[arrival.user]?.removeValue(forKey: arrival.number) ?? [:]
        if arrivals[arrival.user]?.isEmpty == true { arrivals[arrival.user] = nil }
        var rooms: [ConversationID] = []
        var reads: [(ConversationID, Actions)] = []
        rooms.reserveCapacity(listed.count)
        var newer = notes
        for conversation in listed {
            let list = Note(revision: conversation.revision, isMember: true)
            var newest = list
            if let note = newer.removeValue(forKey: conversation.id), note.isNewer(than: list) { newest = note }
            if hasSkipped(newest, of: conversation.id) {
                reads.append((conversation.id, reread(conversation.id)))
            } else if newest.isMember {
                rooms.append(conversation.id)
                let actions = follow(conversation, mark: mark, at: now)
                if !actions.isEmpty { reads.append((conversation.id, actions)) }
            }
        }
        for (id, note) in newer {
            // Where nothing was followed yet, the note may be older than the list. The device joins by a snapshot.
            guard let timeline = timelines[id] else {
                if note.isMember { reads.append((id, follow(id, loadingFrom: note.revision - 1, at: now))) }
                continue
            }
            // It lets in whoever is a member as soon as its state has been read.
            if timeline.isLoading { continue }
            if hasSkipped(note, of: id) {
                reads.append((id, reread(id)))
            } else if note.isMember {
                rooms.append(id)
            }
        }
        return (rooms, reads)
    }
}
