import ChatModel
package import ClusterBus
import Logging
import NIOCore
import Synchronization

/// This server's part in what the servers of its database tell each other.
public final class Cluster: Sendable {
    private struct State {
        var neighbors = Neighbors()
        var readings = PresenceReadings()
    }

    package let bus: any Bus
    public let metrics: ClusterMetrics
    private let nodes: Nodes
    private let presence: Presence
    private let follower: ClusterFollower
    private let reconciler: Reconciler
    /// Reads again whom this server must refuse.
    private let reload: @Sendable () async throws -> Void
    private let logger: Logger
    private let state = Mutex(State())
    private let start = ContinuousClock.now

    private static let period: Duration = .milliseconds(250)
    private static let retryDelay: Duration = .seconds(1)

    init(
        bus: any Bus, stream: ConversationStream, nodes: Nodes, presence: Presence, follower: ClusterFollower,
        reconciler: Reconciler, logger: Logger, reload: @escaping @Sendable () async throws -> Void
    ) {
        self.bus = bus
        metrics = ClusterMetrics(stream: stream, presence: presence, reconciler: reconciler)
        self.nodes = nodes
        self.presence = presence
        self.follower = follower
        self.reconciler = reconciler
        self.reload = reload
        self.logger = logger
        nodes.onOthers(asking: { [weak self] in self?.ask() }, answered: { [weak self] in self?.compare($0) })
        nodes.onEpoch { [weak self] in await self?.begin(as: $0) }
    }

    // MARK: Life

    /// To be called when the server has joined the others, before its first connection: who connects is told who is online.
    func begin() async throws {
        bus.adopt(nodes.identity)
        try await presence.load(without: state.withLock { $0.neighbors.dead })
    }

    /// Until the task is cancelled.
    func run() async {
        await withTaskGroup { tasks in
            tasks.addTask { [self] in await bus.run { await self.receive($0) } }
            tasks.addTask { [reconciler] in await reconciler.run() }
            tasks.addTask { [self] in await followPresence() }
        }
    }

    /// The server stops: tells what waits. Its people are about to come to other servers.
    func end() async { await bus.end(with: BusEvent(.presence, payload: ByteBuffer(string: Self.stop))) }

    private static let stop = "stop"

    /// The server was taken for dead.
    private func begin(as identity: NodeIdentity) async {
        bus.adopt(identity)
        while !Task.isCancelled {
            do {
                try await reload()
                break
            } catch {
                logger.warning(
                    "a server that was taken for dead waits for the database", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: Self.retryDelay)
            }
        }
        doubt()
        reconciler.request()
    }

    // MARK: Others

    private func ask() {
        bus.beginAsking()
        state.withLock { $0.neighbors.ask() }
    }

    private func compare(_ others: Nodes.Others) {
        bus.confirm(others.living)
        let comparison = state.withLock { state in
            let comparison = state.neighbors.compare(others)
            if comparison.hasNew { state.readings.doubt() }
            // With the lock, so that a server that is met meanwhile counts.
            bus.set(isAlone: comparison.isAlone)
            return comparison
        }
        for gone in comparison.gone { bury(gone.node, isBack: gone.isBack) }
    }

    /// A server died. What it stored last was perhaps told by nobody.
    private func bury(_ node: NodeIdentity, isBack: Bool) {
        logger.notice("another server is gone", metadata: ["number": "\(node.number)"])
        if isBack { presence.begin(node.number) } else { presence.die(node.number) }
        doubt()
        reconciler.request()
    }

    private func receive(_ input: BusInput) async {
        switch input {
        case .listening, .everything:
            doubt()
            reconciler.request()
        case .began(let node): meet(node)
        case .missed: doubt()
        case .hints(let hints): follower.hear(hints)
        case .events(let events, let node, let counter):
            for event in events {
                if event.kind == .presence, event.payload == ByteBuffer(string: Self.stop) {
                    state.withLock { $0.neighbors.stop(node) }
                    presence.stop(node.number)
                } else {
                    follower.take(event, from: node, counter: counter)
                }
            }
        }
    }

    private func meet(_ node: NodeIdentity) {
        let former = state.withLock { state in
            bus.set(isAlone: false)
            return state.neighbors.meet(node)
        }
        nodes.hurry()
        if let former { bury(former, isBack: true) } else { doubt() }
    }

    // MARK: Presence

    private func doubt() { state.withLock { $0.readings.doubt() } }

    private func followPresence() async {
        while (try? await Task.sleep(for: Self.period)) != nil {
            if presence.advance() { doubt() }
            let now = ContinuousClock.now - start
            let isAlone = bus.isAlone
            let dead = state.withLock { state -> Set<NodeIdentity>? in
                guard state.readings.isDue(isAlone: isAlone, at: now) else { return nil }
                state.readings.begin(at: now, random: .random(in: 0...1))
                return state.neighbors.dead
            }
            guard let dead else { continue }
            do {
                try await presence.load(without: dead)
            } catch {
                doubt()
            }
        }
    }
}
