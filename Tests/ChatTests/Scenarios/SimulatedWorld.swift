import ChatModel
import Foundation

/// A small world in which several servers tell people of what happens in their conversations: a database, a bus that loses,
/// doubles, delays and reorders, servers that die, and people who come and go. Every choice follows from the seed.
///
/// The servers run the real `Timelines`. The rest is a model (the design's `cluster_model.py`): a transaction takes effect at
/// once, and its answer comes later.
final class SimulatedWorld {
    /// What is switched off, to show that the checks notice it.
    enum Fault: String, CaseIterable, Sendable { case order, repair, greetingMemory, hints }

    /// A conversation's rows.
    struct Conversation {
        struct Message {
            var seq: Int
            var revision: Int
            var created: Duration
        }

        var revision = 1
        var lastSeq = 0
        var titleRevision = 1
        var members: Set<UserID>
        var messages: [MessageID: Message] = [:]
        /// The members from each revision on.
        var history: [(revision: Int, members: Set<UserID>)]

        func members(at revision: Int) -> Set<UserID> {
            history.last { $0.revision <= revision }?.members ?? []
        }
    }

    struct Statistics {
        var events = 0
        var deliveries = 0
        var reads = 0
        var givenUp = 0
        var checks = 0
    }

    let seed: UInt64
    let fault: Fault?
    var random: SeededGenerator
    private(set) var now: Duration = .zero
    var conversations: [ConversationID: Conversation] = [:]
    private(set) var ids: [ConversationID] = []
    private(set) var users: [UserID] = []
    var servers: [SimulatedServer] = []
    var isBusUp = true
    private var busLoss = 0.0
    private(set) var errors: [String] = []
    var statistics = Statistics()
    private var queue = EventQueue()

    init(seed: UInt64, fault: Fault? = nil) {
        self.seed = seed
        self.fault = fault
        random = SeededGenerator(seed: seed)
        busLoss = [0, 0, 0.01, 0.1, 0.5].randomElement(using: &random) ?? 0
        users = (0..<8).map { _ in UserID(random.uuid()) }
        ids = (0..<5).map { _ in ConversationID(random.uuid()) }
        for id in ids {
            let members = Set(users.shuffled(using: &random).prefix(Int.random(in: 2...7, using: &random)))
            conversations[id] = Conversation(members: members, history: [(1, members)])
        }
        for number in 0..<Int.random(in: 2...4, using: &random) {
            servers.append(SimulatedServer(number: number, world: self))
        }
    }

    // MARK: Time and chance

    func at(_ delay: Duration, _ body: @escaping () -> Void) { queue.push(now + delay, body) }

    func run(until end: Duration) {
        while let next = queue.pop(until: end) {
            now = next.time
            next.body()
        }
        now = end
    }

    /// How long a packet or an answer takes.
    func delay() -> Duration {
        if Double.random(in: 0..<1, using: &random) < 0.97 {
            return .microseconds([200, 500, 1000, 2000, 5000].randomElement(using: &random) ?? 1000)
        }
        return .milliseconds(Int.random(in: 5...400, using: &random))
    }

    func happens(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &random) < probability }

    func fail(_ what: String) { errors.append("seed \(seed), at \(now): \(what)") }

    // MARK: The buses

    /// The fast bus to the other servers.
    func publish(_ change: SimulatedChange, from server: SimulatedServer) {
        guard isBusUp else { return }
        for other in servers where other !== server {
            for _ in 0..<(happens(0.02) ? 2 : 1) where !happens(busLoss) {
                other.later(delay()) { other.take(change) }
            }
        }
    }

    /// What listening connections hear of: notifications, which come for certain as long as the connection stands.
    func notify(except server: SimulatedServer? = nil, _ body: @escaping (SimulatedServer) -> Void) {
        for other in servers where other !== server { other.hear(after: delay()) { body(other) } }
    }

    // MARK: A history

    /// Twenty seconds of traffic, forty of rest. Then everybody must have everything.
    func play() {
        at(.zero) { self.act() }
        run(until: .seconds(60))
        check()
    }

    private func act() {
        if let server = servers.filter(\.isUp).randomElement(using: &random),
            let id = ids.randomElement(using: &random), let user = users.randomElement(using: &random)
        {
            switch Double.random(in: 0..<1, using: &random) {
            case ..<0.42:
                // In an order that follows from the seed, as that of a set does not.
                let members = users.filter { conversations[id]?.members.contains($0) == true }
                if let sender = members.randomElement(using: &random) { server.send(to: id, by: sender) }
            case ..<0.57: server.edit(in: id)
            case ..<0.6: server.rename(id)
            case ..<0.68: server.change(id, user, isMember: true)
            case ..<0.76: server.change(id, user, isMember: false)
            case ..<0.9: if servers.map(\.sockets.count).reduce(0, +) < 24 { server.connect(user) }
            case ..<0.97:
                if let socket = servers.flatMap(\.sockets).randomElement(using: &random) {
                    socket.server.disconnect(socket)
                }
            case ..<0.98: isBusUp.toggle()
            case ..<0.99: server.loseListener()
            case ..<0.994: if servers.filter(\.isUp).count > 1 { server.crash() }
            default: break
            }
        }
        guard now < .seconds(20) else { return }
        let means: [Double] = [2, 20, 60]
        let mean = means.randomElement(using: &random) ?? 20
        let pause = -Foundation.log(Double.random(in: 0.0001..<1, using: &random)) * mean
        at(.microseconds(Int(pause * 1000))) { self.act() }
    }

    /// At rest everybody who is connected has everything, once.
    private func check() {
        for server in servers {
            for socket in server.sockets where !socket.isHeld {
                for (id, conversation) in conversations { socket.check(id, conversation) }
            }
        }
    }
}

/// One change of a conversation, as servers tell each other.
struct SimulatedChange {
    enum Kind {
        case sent(MessageID, seq: Int)
        case edited(MessageID, seq: Int)
        /// With the position of the last message then, which not every server tells.
        case added(UserID, lastSeq: Int, isKnown: Bool)
        case removed(UserID)
        case renamed
    }

    var conversation: ConversationID
    var revision: Int
    var kind: Kind
}

/// SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func uuid() -> UUID {
        var bytes: [UInt8] = []
        for _ in 0..<2 { withUnsafeBytes(of: next()) { bytes += $0 } }
        return bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }
}

/// What happens later, in the order of time; of one moment, in the order of the calls.
private struct EventQueue {
    struct Entry {
        var time: Duration
        var number: Int
        var body: () -> Void

        func comesBefore(_ other: Entry) -> Bool { (time, number) < (other.time, other.number) }
    }

    private var heap: [Entry] = []
    private var count = 0

    mutating func push(_ time: Duration, _ body: @escaping () -> Void) {
        count += 1
        heap.append(Entry(time: time, number: count, body: body))
        var index = heap.count - 1
        while index > 0, heap[index].comesBefore(heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func pop(until end: Duration) -> Entry? {
        guard let first = heap.first, first.time <= end else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var index = 0
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if heap[child].comesBefore(heap[smallest]) { smallest = child }
            }
            guard smallest != index else { return first }
            heap.swapAt(index, smallest)
            index = smallest
        }
    }
}
