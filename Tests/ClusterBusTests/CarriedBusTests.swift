import ChatModel
import ChatStore
import Crypto
import Logging
import NIOCore
import NIOPosix
import PostgresClient
import RedisClient
import Synchronization
import TestPostgres
import TestRedis
import Testing

@testable import ClusterBus

/// Two nodes on a real PostgreSQL, and a real Redis.
@Suite struct CarriedBusTests {
    private let conversation = ConversationID.make()

    @Test func eventsAndHintsGoOverPostgreSQL() async throws {
        try await withNodes { one, two in
            try await eventually("both listen") { one.bus.isUp && two.bus.isUp }
            one.bus.publish(.message(conversation, 1, #"{"text":"ä"}"#))
            try await eventually("the event came") { two.events == [.message(conversation, 1, #"{"text":"ä"}"#)] }
            try await eventually("the hint came") { two.hints == [BusHint(conversation, 1)] }
            #expect(one.events.isEmpty && one.hints.isEmpty)
            #expect(one.inputs.first == .listening)
            #expect(one.bus.metrics.refused.value == 0)
        }
    }

    @Test func aFloodIsJoinedAndStaysInOrder() async throws {
        try await withNodes { one, two in
            try await eventually("both listen") { one.bus.isUp && two.bus.isUp }
            let frames = one.bus.metrics.frames.value
            for revision in 1...3000 { one.bus.publish(.message(conversation, revision)) }
            try await eventually("all came") { two.events.count == 3000 }
            #expect(two.events.map(\.revision) == Array(1...3000))
            #expect(one.bus.metrics.frames.value - frames < 300)
            try await eventually("one hint is enough") { two.hints.last == BusHint(conversation, 3000) }
            #expect(two.hints.count < 100)
        }
    }

    @Test func whatDoesNotFitIsAHintOnly() async throws {
        try await withNodes { one, two in
            try await eventually("both listen") { one.bus.isUp && two.bus.isUp }
            one.bus.publish(.message(conversation, 1, String(repeating: "a", count: 8000)))
            try await eventually("the hint came") { two.hints == [BusHint(conversation, 1)] }
            #expect(two.events.isEmpty)
            #expect(one.bus.metrics.dropped.value == 1)
        }
    }

    @Test func aFactGoesOverPostgreSQLWhateverCarriesEvents() async throws {
        try await withNodes { one, two in
            try await eventually("both listen") { one.bus.isUp && two.bus.isUp }
            one.bus.publishSurely(.message(conversation, 1))
            try await eventually("the event came") { two.events == [.message(conversation, 1)] }
            try await eventually("the hint came") { two.hints == [BusHint(conversation, 1)] }
        }
    }

    /// What it wrote before the database was asked is older than whoever joins afterwards.
    @Test func whoWasAloneTellsWhatHappenedSinceItLastAsked() async throws {
        let earlier = ConversationID.make()
        try await withNodes { one, two in
            try await eventually("both listen") { one.bus.isUp && two.bus.isUp }
            one.bus.set(isAlone: true)
            one.bus.publish(.message(earlier, 1))
            one.bus.beginAsking()
            one.bus.publish(.message(conversation, 1))
            one.bus.set(isAlone: true)
            one.bus.publish(.message(conversation, 2))
            one.bus.set(isAlone: false)
            try await eventually("the hint came") { two.hints == [BusHint(conversation, 2)] }
            #expect(two.events.isEmpty)
            one.bus.set(isAlone: true)
            one.bus.publishSurely(.message(conversation, 3))
            one.bus.set(isAlone: false)
            try await eventually("the event came") { two.events == [.message(conversation, 3)] }
        }
    }

    @Test func aListenerThatWasCutBeginsAgain() async throws {
        try await withNodes { one, two in
            try await eventually("both listen") { one.bus.isUp && two.bus.isUp }
            try await one.database.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
            )
            try await eventually("they listen again") {
                [one, two].allSatisfy { $0.inputs.count { $0 == .listening } == 2 }
            }
            one.bus.publish(.message(conversation, 1))
            try await eventually("the event came") { two.events.count == 1 }
        }
    }

    @Test func strangersAreNotHeard() async throws {
        try await withNodes { one, two in
            try await eventually("both listen") { one.bus.isUp && two.bus.isUp }
            let forged = FrameCodec.test(9).encode(
                BusFrame(head: .test(node(3), 1), body: .events([.message(conversation, 1)])))
            try await one.database.query("SELECT pg_notify('parley_bus', \(String(buffer: forged)))")
            try await one.database.query("SELECT pg_notify('parley_bus', 'hello')")
            try await eventually("both were refused") { two.bus.metrics.refused.value == 2 }
            #expect(two.events.isEmpty)
        }
    }

    @Test func aNodeThatIsAloneSaysNothing() async throws {
        try await withNodes { one, two in
            try await eventually("both listen") { one.bus.isUp && two.bus.isUp }
            one.bus.set(isAlone: true)
            one.bus.publish(.message(conversation, 1))
            one.bus.set(isAlone: false)
            one.bus.publish(.message(conversation, 2))
            try await eventually("the second came") { two.events.map(\.revision) == [2] }
        }
    }

    @Test func aNewEpochBegins() async throws {
        try await withNodes { one, two in
            try await eventually("both listen") { one.bus.isUp && two.bus.isUp }
            one.bus.publish(.message(conversation, 1))
            let again = node(1)
            try await eventually("the event came") { two.events.count == 1 }
            one.bus.adopt(again)
            one.bus.publish(.message(conversation, 2))
            try await eventually("the event came") { two.events.count == 2 }
            #expect(two.inputs.contains(.began(again)))
        }
    }

    // MARK: What cannot be sent

    private func withFailingCarrier(_ body: (CarriedBus, FailingCarrier) async throws -> Void) async throws {
        let carrier = FailingCarrier()
        let bus = CarriedBus(
            node: node(1), codec: .test(), hints: carrier,
            logger: Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
        ) { BusStore.Place(scope: "1:test", timeline: 1, clock: 0) }
        try await body(bus, carrier)
    }

    /// One time-out must not make every node look at everything.
    @Test func aFactThatCouldNotBeSentIsSentAgain() async throws {
        try await withFailingCarrier { bus, carrier in
            carrier.fail(2)
            bus.publishSurely(.message(conversation, 1))
            bus.publishSurely(.message(conversation, 2))
            try await eventually("both were sent") { carrier.events.count == 2 }
            try await eventually("the hint was sent") { carrier.hints == [BusHint(conversation, 2)] }
            #expect(carrier.events.map(\.revision) == [1, 2])
            #expect(bus.metrics.failed.value > 0)
        }
    }

    @Test func factsAreKeptWhileNobodyElseIsKnown() async throws {
        try await withFailingCarrier { bus, carrier in
            bus.set(isAlone: true)
            bus.publishSurely(.message(conversation, 1))
            bus.beginAsking()
            bus.publishSurely(BusEvent(.profile))
            bus.set(isAlone: true)
            bus.publishSurely(BusEvent(.block))
            bus.set(isAlone: false)
            try await eventually("both were sent") { carrier.events.map(\.kind) == [.profile, .block] }
            #expect(carrier.hints.isEmpty)
        }
    }

    /// Whoever says that it stops in order is not looked for.
    @Test(arguments: [0, 1, 100]) func aStopIsToldWhenEverythingElseWas(failures: Int) async throws {
        try await withFailingCarrier { bus, carrier in
            carrier.fail(failures)
            bus.publish(.message(conversation, 1))
            await bus.end(with: BusEvent(.presence, payload: ByteBuffer(string: "stop")))
            if failures == 100 {
                #expect(!carrier.events.contains { $0.kind == .presence })
            } else {
                #expect(carrier.hints == [BusHint(conversation, 1)])
                #expect(carrier.events.contains { $0.kind == .presence })
            }
        }
    }

    /// Facts may have been taken and not have had their turn.
    @Test func aStopFollowsTheLastFacts() async throws {
        for _ in 1...300 {
            try await withFailingCarrier { bus, carrier in
                bus.publishSurely(BusEvent(.profile))
                await Task.yield()
                await bus.end(with: BusEvent(.presence, payload: ByteBuffer(string: "stop")))
                #expect(carrier.events.map(\.kind) == [.profile, .presence])
            }
        }
    }

    /// The others have looked at everything since.
    @Test func whoHasGivenUpAndSaidSoStopsInOrder() async throws {
        try await withFailingCarrier { bus, carrier in
            // As often as a fact is tried.
            carrier.fail(20)
            bus.publishSurely(BusEvent(.profile))
            while carrier.hints.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            #expect(carrier.hints == [.everything] && carrier.events.isEmpty)
            await bus.end(with: BusEvent(.presence, payload: ByteBuffer(string: "stop")))
            #expect(carrier.events.map(\.kind) == [.presence])
        }
    }

    /// Somebody may be blocked and unblocked just when another server is noticed.
    @Test func whatWasKeptIsToldBeforeWhatFollows() async throws {
        for _ in 1...100 {
            try await withFailingCarrier { bus, carrier in
                bus.set(isAlone: true)
                for _ in 1...20 { bus.publishSurely(BusEvent(.block)) }
                let noticing = Task.detached { bus.set(isAlone: false) }
                while bus.isAlone { await Task.yield() }
                bus.publishSurely(BusEvent(.profile))
                await noticing.value
                while carrier.events.count < 21 { await Task.yield() }
                #expect(carrier.events.last?.kind == .profile)
            }
        }
    }

    // MARK: Redis

    @Test func redisCarriesEventsAndPostgreSQLHints() async throws {
        let server = try RedisServer()
        try await withNodes(redis: server) { one, two in
            try await eventually("both are up") { one.bus.isUp && two.bus.isUp }
            #expect(one.bus.name == "redis")
            let large = String(repeating: "a", count: 20_000)
            one.bus.publish(.message(conversation, 1, large))
            one.bus.publish(BusEvent(.typing, conversation, payload: ByteBuffer(string: "x")))
            try await eventually("the events came") { two.events.count == 2 }
            try await eventually("the hint came") { two.hints == [BusHint(conversation, 1)] }
            server.kill()
            try await eventually("they know") { !one.bus.isUp && !two.bus.isUp }
            one.bus.publish(.message(conversation, 2))
            try await eventually("the hint came") { two.hints.last == BusHint(conversation, 2) }
            #expect(two.events.count == 2)
            try server.start()
            try await eventually("both are up") { one.bus.isUp && two.bus.isUp }
            one.bus.publish(.message(conversation, 3))
            try await eventually("the event came") { two.events.last?.revision == 3 }
            #expect(two.inputs.contains(.missed(of: nil)))
        }
    }

    @Test func aFrozenRedisIsDown() async throws {
        let server = try RedisServer()
        try await withNodes(redis: server) { one, two in
            try await eventually("both are up") { one.bus.isUp && two.bus.isUp }
            server.suspend(true)
            one.bus.publish(.message(conversation, 1))
            try await eventually("the hint came") { two.hints == [BusHint(conversation, 1)] }
            try await eventually("they know") { !one.bus.isUp && !two.bus.isUp }
            server.suspend(false)
            try await eventually("both are up") { one.bus.isUp && two.bus.isUp }
        }
    }

    // MARK: Nodes

    private func withNodes(
        redis: RedisServer? = nil, _ body: (TestNode, TestNode) async throws -> Void
    ) async throws {
        let connectionString = try TestCluster.shared.get().makeDatabase()
        let nodes = [
            try await TestNode(1, connectionString, redis: redis),
            try await TestNode(2, connectionString, redis: redis),
        ]
        try await withThrowingTaskGroup { tasks in
            for node in nodes { tasks.addTask { await node.run() } }
            defer { tasks.cancelAll() }
            try await body(nodes[0], nodes[1])
        }
        for node in nodes { await node.database.close() }
    }
}

/// Keeps what it is to send, and fails as often as it is told to.
private final class FailingCarrier: BusCarrier {
    private struct Failure: Error {}

    private let state = Mutex<(frames: [BusFrame], failures: Int)>(([], 0))

    var name: String { "test" }
    var channels: Int { 1 }
    var maxFrame: Int { 7900 }
    var isConnected: Bool { true }

    func fail(_ times: Int) { state.withLock { $0.failures = times } }

    func send(_ frames: [CarriedFrame]) async throws {
        let decoded = try frames.map { try FrameCodec.test().decode($0.frame) }
        try state.withLock { state in
            guard state.failures == 0 else {
                state.failures -= 1
                throw Failure()
            }
            state.frames += decoded
        }
    }

    func run(_ receive: @escaping @Sendable (CarrierEvent) async -> Void) async {}

    var events: [BusEvent] {
        state.withLock { $0.frames }.flatMap { frame in
            if case .events(let events) = frame.body { events } else { [] as [BusEvent] }
        }
    }

    var hints: [BusHint] {
        state.withLock { $0.frames }.flatMap { frame in
            if case .hints(let hints) = frame.body { hints } else { [] as [BusHint] }
        }
    }
}

private final class TestNode: Sendable {
    let database: PostgresClient
    let bus: CarriedBus
    private let heard = Mutex<[BusInput]>([])

    init(_ number: UInt16, _ connectionString: String, redis: RedisServer?) async throws {
        let silent = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
        var configuration = PostgresConfiguration(connectionString: connectionString, applicationName: "parley-bus")
        configuration.connections = 1
        configuration.transactionConnections = 0
        configuration.sessionParameters = BusStore.sessionParameters
        database = try PostgresClient(configuration: configuration, logger: silent)
        try await database.start()
        let store = BusStore(database: database)
        bus = try await CarriedBus.open(
            node(number), store: store,
            redis: redis.map { RedisConfiguration(host: "127.0.0.1", port: $0.port) },
            secrets: [SymmetricKey(data: [1])], group: .singletonMultiThreadedEventLoopGroup, logger: silent)
    }

    func run() async {
        await bus.run { input in self.heard.withLock { $0.append(input) } }
    }

    var inputs: [BusInput] { heard.withLock { $0 } }

    var events: [BusEvent] {
        inputs.flatMap { input -> [BusEvent] in if case .events(let events, _, _) = input { events } else { [] } }
    }

    var hints: [BusHint] {
        inputs.flatMap { input -> [BusHint] in if case .hints(let hints) = input { hints } else { [] } }
    }
}
