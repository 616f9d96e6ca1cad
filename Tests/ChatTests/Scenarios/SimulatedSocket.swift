import Chat
import ChatModel

/// One device's connection to a `SimulatedServer`. It checks what a client relies on.
final class SimulatedSocket {
    enum Event {
        case message(MessageID, ConversationID, seq: Int, revision: Int, isNew: Bool)
        case title(ConversationID, revision: Int)
        case joined(ConversationID, revision: Int)
        case created(ConversationID, revision: Int, lastSeq: Int)
    }

    let user: UserID
    /// Which holds its sockets.
    unowned let server: SimulatedServer
    var rooms: Set<ConversationID> = []
    var isAlive = true
    private var arrival: Timelines<SimulatedServer.Payload>.Arrival?
    /// Nil once the greeting is out.
    private var held: [Event]? = []
    private var memory = GreetingMemory([:])

    // What the client knows.
    private var messages: [ConversationID: [MessageID: Int]] = [:]
    private var lastSeq: [ConversationID: Int] = [:]
    private var titles: [ConversationID: Int] = [:]
    /// The highest revision of a live event, up to which the client believes to have everything.
    private var last: [ConversationID: Int] = [:]
    /// What came before this revision the client reads by itself.
    private var base: [ConversationID: Int] = [:]

    private var world: SimulatedWorld { server.world }

    init(user: UserID, server: SimulatedServer, arrival: Timelines<SimulatedServer.Payload>.Arrival) {
        self.user = user
        self.server = server
        self.arrival = arrival
    }

    var isArriving: Bool { arrival != nil }
    var isHeld: Bool { held != nil }

    func endArrival() -> Timelines<SimulatedServer.Payload>.Arrival? {
        defer { arrival = nil }
        return arrival
    }

    func begin(_ id: ConversationID, at revision: Int) { base[id] = revision }

    /// The user became a member: the device is told the whole conversation, and gets its events from here on.
    func enter(_ id: ConversationID, revision: Int, lastSeq: Int) {
        rooms.insert(id)
        deliver(.created(id, revision: revision, lastSeq: lastSeq))
    }

    /// The greeting goes out, and then what was kept back.
    func release(_ greeting: [(ConversationID, MessageID, SimulatedWorld.Conversation.Message)]) {
        var versions: [MessageID: Int] = [:]
        for (id, message, row) in greeting {
            versions[message] = row.revision
            messages[id, default: [:]][message] = row.revision
            lastSeq[id] = max(row.seq, lastSeq[id] ?? 0)
        }
        if world.fault != .greetingMemory { memory = GreetingMemory(versions) }
        let events = held ?? []
        held = nil
        for event in events { deliver(event) }
    }

    func deliver(_ event: Event) {
        if held != nil {
            held?.append(event)
            return
        }
        world.statistics.deliveries += 1
        switch event {
        case .created(let id, let revision, let seq):
            base[id] = revision
            last[id] = max(revision, last[id] ?? 0)
            lastSeq[id] = max(seq, lastSeq[id] ?? 0)
            titles[id] = max(revision, titles[id] ?? 0)
        case .title(let id, let revision):
            titles[id] = max(revision, titles[id] ?? 0)
            last[id] = max(revision, last[id] ?? 0)
        case .joined(let id, let revision): last[id] = max(revision, last[id] ?? 0)
        case .message(let message, let id, let seq, let revision, let isNew):
            switch memory.judge(message, version: revision) {
            case .drop: last[id] = max(revision, last[id] ?? 0)
            case .deliver: take(message, id, seq, revision, isNew)
            case .deliverAsChange: take(message, id, seq, revision, false)
            }
        }
    }

    private func take(_ message: MessageID, _ id: ConversationID, _ seq: Int, _ revision: Int, _ isNew: Bool) {
        guard let conversation = world.conversations[id] else { return }
        if !conversation.members(at: revision).contains(user), !conversation.members.contains(user) {
            world.fail("a leak: \(user) got revision \(revision) of \(id), but was removed before")
        }
        if isNew {
            if messages[id]?[message] != nil { world.fail("doubled: \(user) got \(message) twice") }
            if seq <= lastSeq[id] ?? 0 { world.fail("order: \(user) got \(seq) after \(lastSeq[id] ?? 0)") }
            lastSeq[id] = max(seq, lastSeq[id] ?? 0)
        } else if let known = messages[id]?[message], revision <= known {
            world.fail("order: \(user) got revision \(revision) of a message after \(known)")
        }
        messages[id, default: [:]][message] = max(revision, messages[id]?[message] ?? 0)
        last[id] = max(revision, last[id] ?? 0)
    }

    /// What the client would never learn of if its connection broke now: it asks for what is past the highest revision it
    /// was told, and sees by `seq` which new messages it lacks.
    func checkWhatItWouldMiss(_ id: ConversationID) {
        guard !isHeld, rooms.contains(id), let conversation = world.conversations[id], let last = last[id] else {
            return
        }
        world.statistics.checks += 1
        for (message, row) in conversation.messages
        where row.revision <= last && row.revision > base[id] ?? 0 && row.seq <= lastSeq[id] ?? 0 {
            if (messages[id]?[message] ?? 0) < row.revision {
                world.fail(
                    "a hole: \(user) believes to know all to \(last), and lacks revision \(row.revision) of \(id)")
            }
        }
        if conversation.titleRevision <= last, conversation.titleRevision > base[id] ?? 0,
            titles[id] ?? 0 < conversation.titleRevision
        {
            world.fail(
                "a hole: \(user) believes to know all to \(last), and lacks the title of \(conversation.titleRevision)")
        }
    }

    /// At rest.
    func check(_ id: ConversationID, _ conversation: SimulatedWorld.Conversation) {
        guard conversation.members.contains(user) else {
            if rooms.contains(id) { world.fail("\(user) is still in the room of \(id)") }
            return
        }
        guard rooms.contains(id) else { return world.fail("\(user) is not in the room of \(id)") }
        let base = base[id] ?? conversation.revision
        for (message, row) in conversation.messages where row.revision > base {
            guard let known = messages[id]?[message] else {
                world.fail("lost: \(user) never got \(message), revision \(row.revision), joined at \(base)")
                continue
            }
            if known < row.revision {
                world.fail("stale: \(user) has revision \(known) of a message that is at \(row.revision)")
            }
        }
        if conversation.titleRevision > base, titles[id] ?? 0 < conversation.titleRevision {
            world.fail("stale: \(user) has the title of \(titles[id] ?? 0), which is at \(conversation.titleRevision)")
        }
    }
}
