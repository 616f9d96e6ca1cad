import ChatModel
import Testing

@testable import Chat

/// Users come and go on several nodes, which die, stop and start; what nodes tell each other is lost, doubled and late, and
/// the table lags behind. Random histories, the same in each run.
@Suite struct PresenceSimulationTests {
    @Test(arguments: 0..<16 as Range<UInt64>)
    func everyNodeComesToTheTruth(_ seed: UInt64) async {
        var world = PresenceWorld(seed: seed)
        for step in 0..<9000 {
            world.step(isCalm: step >= 4000)
            // Tests that wait for a server have few threads to wait on.
            if step % 50 == 0 { await Task.yield() }
        }
        #expect(world.wrongNews == 0)
        #expect(world.wrongViews == 0)
        #expect(world.news > 50)
    }
}

/// One step is ten milliseconds.
private struct PresenceWorld {
    private struct Node {
        let number: UInt16
        /// Which of its lives it is in.
        var life = 0
        var isAlive = true
        var presence: PresenceOverNodes
        /// Who is connected to it.
        var here: Set<UserID> = []
        var counter: UInt64 = 0
        /// What its clients were told last.
        var told: [UserID: Bool] = [:]
        /// The lives of the others of which it knows.
        var lives: [UInt16: Int] = [:]
        var reading: (began: Duration, rows: Set<PresenceOverNodes.Row>)?
        var nextReading: Duration = .zero
    }

    private struct Telling {
        var at: Duration
        var target: UInt16
        var node: UInt16
        var life: Int
        var counter: UInt64
        var user: UserID
        var change: PresenceOverNodes.Change
    }

    private struct Writing {
        var at: Duration
        var life: Int
        var row: PresenceOverNodes.Row
        var isOnline: Bool
    }

    private enum End { case death, stop }

    private var random: SeededGenerator
    private let users = (0..<12).map { _ in UserID.make() }
    private var nodes: [UInt16: Node] = [:]
    private var table: Set<PresenceOverNodes.Row> = []
    private var tellings: [Telling] = []
    private var writings: [Writing] = []
    /// Deaths that the leases have not shown yet.
    private var deaths: [(at: Duration, node: UInt16, life: Int)] = []
    private var now: Duration = .zero
    private let loss: Double
    private let maxDelay: Int
    private let maxLag: Int

    /// News that say what was said before.
    private(set) var wrongNews = 0
    private(set) var wrongViews = 0
    private(set) var news = 0

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        loss = [0, 0.05, 0.5].randomElement(using: &random) ?? 0
        maxDelay = [1, 10, 40].randomElement(using: &random) ?? 1
        maxLag = [1, 100, 300].randomElement(using: &random) ?? 1
        for number in 1...UInt16.random(in: 2...4, using: &random) {
            nodes[number] = Node(number: number, presence: PresenceOverNodes(own: number))
        }
    }

    private mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &random) < probability
    }

    mutating func step(isCalm: Bool) {
        now += .milliseconds(10)
        if !isCalm { disturb() }
        write()
        arrive()
        bury()
        for number in nodes.keys.sorted() where nodes[number]?.isAlive == true {
            read(number)
            for item in nodes[number]?.presence.advance(to: now) ?? [] { tell(item, number) }
        }
        check(isCalm: isCalm)
    }

    // MARK: What happens

    private mutating func disturb() {
        let number = nodes.keys.sorted().randomElement(using: &random) ?? 1
        guard nodes[number]?.isAlive == true else {
            if chance(0.01) { start(number) }
            return
        }
        if chance(0.1) { move(number) }
        if chance(0.0005) { end(number, .death) }
        if chance(0.0005) { end(number, .stop) }
    }

    private mutating func move(_ number: UInt16) {
        let user = users.randomElement(using: &random) ?? .unknown
        let isOnline = nodes[number]?.here.contains(user) == false
        if isOnline { nodes[number]?.here.insert(user) } else { nodes[number]?.here.remove(user) }
        // A node that is about to stop sends its users away.
        let change: PresenceOverNodes.Change = isOnline ? .came : chance(0.5) ? .left : .isMoving
        var item: PresenceOverNodes.News?
        switch change {
        case .came: item = nodes[number]?.presence.enter(user)
        case .left: item = nodes[number]?.presence.leave(user)
        case .isMoving: nodes[number]?.presence.move(user, at: now)
        }
        if let item { tell(item, number) }
        nodes[number]?.counter += 1
        guard let node = nodes[number] else { return }
        for target in nodes.keys.sorted() where target != number && !chance(loss) {
            for _ in 0...(chance(0.1) ? 1 : 0) {
                let delay = Int.random(in: 0...maxDelay, using: &random) * 10
                tellings.append(
                    Telling(
                        at: now + .milliseconds(delay), target: target, node: number, life: node.life,
                        counter: node.counter, user: user, change: change))
            }
        }
        // Each node writes in order.
        let last = writings.last { $0.row.node == number }?.at ?? now
        let at = max(last, now + .milliseconds(Int.random(in: 0...maxLag, using: &random) * 10))
        let row = PresenceOverNodes.Row(user: user, node: number)
        writings.append(Writing(at: at, life: node.life, row: row, isOnline: isOnline))
    }

    private mutating func end(_ number: UInt16, _ end: End) {
        guard let node = nodes[number] else { return }
        nodes[number]?.isAlive = false
        nodes[number]?.here = []
        writings.removeAll { $0.row.node == number }
        switch end {
        case .death: deaths.append((now + .seconds(15), number, node.life))
        case .stop:
            table = table.filter { $0.node != number }
            for other in nodes.keys where other != number { nodes[other]?.presence.stop(number, at: now) }
        }
    }

    private mutating func start(_ number: UInt16) {
        table = table.filter { $0.node != number }
        let life = (nodes[number]?.life ?? 0) + 1
        nodes[number] = Node(number: number, life: life, presence: PresenceOverNodes(own: number))
        // It is known as soon as its row is there, or by its first frame.
        for other in nodes.keys where other != number { begin(number, life, at: other) }
    }

    private mutating func begin(_ number: UInt16, _ life: Int, at other: UInt16) {
        guard let known = nodes[other]?.lives[number] ?? 0 as Int?, known < life else { return }
        nodes[other]?.lives[number] = life
        nodes[other]?.presence.begin(number, at: now)
    }

    private mutating func bury() {
        for death in deaths where death.at <= now {
            guard let node = nodes[death.node], node.life == death.life, !node.isAlive else { continue }
            table = table.filter { $0.node != death.node }
            for other in nodes.keys where other != death.node { nodes[other]?.presence.die(death.node, at: now) }
        }
        deaths.removeAll { $0.at <= now }
    }

    // MARK: What is told and written

    private mutating func write() {
        for writing in writings where writing.at <= now && nodes[writing.row.node]?.life == writing.life {
            if writing.isOnline { table.insert(writing.row) } else { table.remove(writing.row) }
        }
        writings.removeAll { $0.at <= now }
    }

    private mutating func arrive() {
        for telling in tellings where telling.at <= now && nodes[telling.target]?.isAlive == true {
            begin(telling.node, telling.life, at: telling.target)
            guard nodes[telling.target]?.lives[telling.node] ?? 0 == telling.life else { continue }
            let item = nodes[telling.target]?.presence.hear(
                telling.user, telling.change, on: telling.node, counter: telling.counter, at: now)
            if let item { tell(item, telling.target) }
        }
        tellings.removeAll { $0.at <= now }
    }

    /// Each node reads the table now and then, because it missed something, and when it has to.
    private mutating func read(_ number: UInt16) {
        guard let node = nodes[number] else { return }
        if let reading = node.reading {
            guard now - reading.began >= .milliseconds(50) else { return }
            nodes[number]?.reading = nil
            let items = nodes[number]?.presence.load(reading.rows, readingBegan: reading.began, at: now) ?? []
            for item in items { tell(item, number) }
            let reloading = nodes[number]?.presence.reloading ?? now + .seconds(15)
            nodes[number]?.nextReading = min(now + .seconds(15), reloading)
        } else if now >= node.nextReading {
            nodes[number]?.reading = (now, table)
        }
    }

    private mutating func tell(_ item: PresenceOverNodes.News, _ number: UInt16) {
        news += 1
        let (user, isOnline) =
            switch item {
            case .online(let user): (user, true)
            case .offline(let user): (user, false)
            }
        if nodes[number]?.told[user] ?? false == isOnline { wrongNews += 1 }
        nodes[number]?.told[user] = isOnline
    }

    private mutating func check(isCalm: Bool) {
        let online = nodes.values.reduce(into: Set<UserID>()) { $0.formUnion($1.here) }
        for node in nodes.values where node.isAlive {
            for user in users {
                if node.told[user] ?? false != node.presence.isOnline(user) { wrongNews += 1 }
                // At the end of the calm.
                if isCalm, now == .seconds(90), node.presence.isOnline(user) != online.contains(user) {
                    wrongViews += 1
                }
            }
        }
    }
}
