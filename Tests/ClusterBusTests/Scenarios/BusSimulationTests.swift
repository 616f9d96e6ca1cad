import ChatModel
import NIOCore
import Testing

@testable import ClusterBus

/// Nodes change conversations and tell each other, over a network that loses, doubles and reorders events; hints come as
/// PostgreSQL brings them. Random histories, the same in each run.
@Suite struct BusSimulationTests {
    @Test(arguments: 0..<16 as Range<UInt64>)
    func everyNodeHearsOfEveryChange(_ seed: UInt64) async throws {
        var world = SimulatedBus(seed: seed)
        for step in 0..<1500 {
            try world.step()
            // Tests that wait for a server have few threads to wait on.
            if step % 10 == 0 { await Task.yield() }
        }
        #expect(world.late == 0)
        #expect(world.doubles == 0)
        #expect(world.stale == 0)
        #expect(world.delivered > 200 || world.isCut)
    }

    /// The test would see it if hints were not told.
    @Test func withoutHintsSomethingIsMissed() throws {
        var world = SimulatedBus(seed: 1, loss: 1, tellsHints: false)
        for _ in 0..<1500 { try world.step() }
        #expect(world.late > 0)
    }
}

/// One step is a millisecond.
private struct SimulatedBus {
    private struct Node {
        var identity: NodeIdentity
        var receiver: FrameReceiver
        var hints = HintCollector()
        var outgoing = OutgoingEvents(channels: 4, maxFrame: 400)
        var counters: [BusFrame.Path: UInt64] = [:]
        /// The highest revision of each conversation that it has heard of.
        var known: [ConversationID: Int] = [:]
        var heard: Set<String> = []
        var lives: [UInt16: NodeIdentity] = [:]
    }

    private struct Flying {
        var at: Int
        var target: Int
        var text: ByteBuffer
    }

    private let codec = FrameCodec.test()
    private let conversations = (0..<100).map { _ in ConversationID.make() }
    private let metrics = BusMetrics()
    private let loss: Double
    private let doubling: Double
    private let maxDelay: Int
    private let tellsHints: Bool
    private var random: SeededGenerator
    private var nodes: [Node] = []
    private var flying: [Flying] = []
    private var revisions: [ConversationID: Int] = [:]
    private var changes: [(at: Int, conversation: ConversationID, revision: Int)] = []
    private var now = 0
    private var sent = 0

    /// Changes of which a node had not heard when it should have.
    private(set) var late = 0
    /// Events that a node was given twice.
    private(set) var doubles = 0
    /// Events of a node's former life that were given after its new one had begun.
    private(set) var stale = 0
    private(set) var delivered = 0
    /// Whether hints are all that comes.
    var isCut: Bool { loss == 1 }

    init(seed: UInt64, loss: Double? = nil, tellsHints: Bool = true) {
        random = SeededGenerator(seed: seed)
        self.tellsHints = tellsHints
        let losses = [0, 0.1, 0.5, 1]
        self.loss = loss ?? losses.randomElement(using: &random) ?? 0
        doubling = [0, 0.3].randomElement(using: &random) ?? 0
        maxDelay = [1, 20, 200].randomElement(using: &random) ?? 1
        for number in 1...UInt16.random(in: 2...4, using: &random) { nodes.append(makeNode(number)) }
    }

    private func makeNode(_ number: UInt16) -> Node {
        let identity = node(number)
        return Node(identity: identity, receiver: FrameReceiver(own: identity, timeline: 1, metrics: metrics))
    }

    mutating func step() throws {
        now += 1
        if random.chance(0.3) { change() }
        if random.chance(0.001) { restart() }
        for index in nodes.indices {
            if random.chance(0.5) { send(index) }
            tell(index)
        }
        try arrive()
        check()
    }

    private mutating func change() {
        let writer = nodes.indices.randomElement(using: &random) ?? 0
        let conversation = conversations.randomElement(using: &random) ?? .unknown
        let revision = (revisions[conversation] ?? 0) + 1
        revisions[conversation] = revision
        changes.append((now, conversation, revision))
        nodes[writer].known[conversation] = revision
        let unknown = random.chance(0.1)
        let kind = unknown ? BusEvent.Kind(rawValue: UInt8(ascii: "~")) : .message
        _ = nodes[writer].outgoing.add(
            BusEvent(kind, conversation, revision: revision), to: Int.random(in: 0..<4, using: &random))
        nodes[writer].hints.add(BusHint(conversation, revision), at: .milliseconds(now))
    }

    /// It has told its hints: that a killed node has not is found by the lease, which is not here.
    private mutating func restart() {
        let index = nodes.indices.randomElement(using: &random) ?? 0
        flush(index)
        var fresh = makeNode(nodes[index].identity.number)
        fresh.known = revisions
        nodes[index] = fresh
    }

    private mutating func send(_ index: Int) {
        for load in nodes[index].outgoing.take() {
            let text = encode(index, .events, .events(load.events))
            for target in nodes.indices where !random.chance(loss) {
                for _ in 0...(random.chance(doubling) ? 1 : 0) {
                    let delay = Int.random(in: 0...maxDelay, using: &random)
                    flying.append(Flying(at: now + delay, target: target, text: text))
                }
            }
        }
    }

    private mutating func tell(_ index: Int) {
        guard tellsHints, let due = nodes[index].hints.deadline(isBusUp: loss < 1), due <= .milliseconds(now) else {
            return
        }
        flush(index)
    }

    private mutating func flush(_ index: Int) {
        for hints in nodes[index].hints.take() {
            let text = encode(index, .hints, .hints(hints))
            for target in nodes.indices { flying.append(Flying(at: now + 3, target: target, text: text)) }
        }
    }

    private mutating func encode(_ index: Int, _ path: BusFrame.Path, _ body: BusFrame.Body) -> ByteBuffer {
        nodes[index].counters[path, default: 0] += 1
        sent += 1
        let head = BusFrame.Head.test(
            nodes[index].identity, nodes[index].counters[path] ?? 0, path: path, sentAt: Int64(now * 1000 + sent % 1000)
        )
        return codec.encode(BusFrame(head: head, body: body))
    }

    private mutating func arrive() throws {
        let arriving = flying.filter { $0.at <= now }
        flying.removeAll { $0.at <= now }
        for flight in arriving {
            let frame = try codec.decode(flight.text)
            for input in nodes[flight.target].receiver.receive(frame, at: Int64(now * 1000 + 999)).inputs {
                take(input, flight.target)
            }
        }
    }

    private mutating func take(_ input: BusInput, _ target: Int) {
        switch input {
        case .events(let events, let writer, _):
            if nodes[target].lives[writer.number] != writer { stale += 1 }
            for event in events {
                delivered += 1
                hear(event.conversation, event.revision, target)
                if !nodes[target].heard.insert("\(event.conversation) \(event.revision)").inserted { doubles += 1 }
            }
        case .hints(let hints): for hint in hints { hear(hint.conversation, hint.revision, target) }
        case .began(let life):
            // Its former life may have told something that comes later: everything is compared with the database.
            if nodes[target].lives.updateValue(life, forKey: life.number) != nil { nodes[target].known = revisions }
        case .missed, .listening, .everything: break
        }
    }

    private mutating func hear(_ conversation: ConversationID, _ revision: Int, _ target: Int) {
        nodes[target].known[conversation] = max(revision, nodes[target].known[conversation] ?? 0)
    }

    /// A change is heard of 260 ms later at the latest: the hint's period and its way.
    private mutating func check() {
        while let first = changes.first, first.at + 260 <= now {
            changes.removeFirst()
            late += nodes.count { ($0.known[first.conversation] ?? 0) < first.revision }
        }
    }
}
