public import ChatModel
public import ChatStore
import Foundation
public import Logging
import Synchronization

/// This server among those that run on its database: joins them, says every few seconds that it lives, and clears away
/// after those that died.
public final class Nodes: Sendable {
    private struct State {
        /// Number 0 until the server has joined.
        var identity: NodeIdentity
        var lease: NodeLease?
        var isDraining = false
        var pause: Task<Void, Never>?
    }

    private struct Subscribers {
        var epochs: [@Sendable (NodeIdentity) async -> Void] = []
        var renewals: [@Sendable () async -> Void] = []
        var sockets: [@Sendable (Bool) async -> Void] = []
        var asking: [@Sendable () -> Void] = []
        var others: [@Sendable (Others) async -> Void] = []
        var countSockets: @Sendable () -> Int = { 0 }
    }

    /// What the database says of the other servers.
    package struct Others: Sendable {
        package var living: [NodeIdentity]
        /// Those that did not say lately that they live.
        package var silent: [NodeIdentity]
        /// Whether this server's own renewals show that the silent are dead.
        package var mayJudge: Bool

        /// Whether there is no other row, not even a dead server's.
        package var isNone: Bool { living.isEmpty && silent.isEmpty }
    }

    /// How often joining is tried while somebody holds a lock.
    private static let attempts = 20

    private let admission: NodeAdmission
    private let ownsDatabase: Bool
    private let store: NodeStore
    private let logger: Logger
    private let state: Mutex<State>
    private let subscribers = Mutex(Subscribers())
    private let (joinings, joining) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// - Parameter ownsDatabase: Whether no other server can run on this database.
    public init(database: ChatDatabase, admission: NodeAdmission, ownsDatabase: Bool, logger: Logger) {
        self.admission = admission
        self.ownsDatabase = ownsDatabase
        self.logger = logger
        store = NodeStore(database: database)
        state = Mutex(State(identity: NodeIdentity(number: 0, epoch: UUID())))
    }

    // MARK: What others ask

    /// Number 0 until the server has joined. It changes when the server was taken for dead.
    public var identity: NodeIdentity { state.withLock { $0.identity } }

    /// How many other servers were alive at the last renewal.
    public var others: Int { state.withLock { $0.lease?.others ?? 0 } }

    /// Whether other servers may have their files on the same file system.
    public var sharesFiles: Bool { admission.node.sharesFiles }

    /// Seconds since the database last confirmed that this server lives.
    public var leaseAge: Duration { state.withLock { $0.lease?.age(.now) ?? .zero } }

    /// Why the server should get no requests, if so.
    public var complaint: String? {
        state.withLock { $0.lease?.isOverdue(.now) ?? false } ? "the server cannot say that it lives" : nil
    }

    /// Whether there is another server for this one's sockets: one that lives, and does not stop as well.
    public func haveOthersRoom() async -> Bool {
        let identity = identity
        let rows = try? await store.list()
        return rows?.contains { $0.identity != identity && $0.isAlive && !$0.isDraining } ?? false
    }

    // MARK: Subscribing

    /// `body` runs when the server was taken for dead and begins anew: what it knows of the others may be out of date, and
    /// they have forgotten it.
    public func onEpoch(_ body: @escaping @Sendable (NodeIdentity) async -> Void) {
        subscribers.withLock { $0.epochs.append(body) }
    }

    /// `body` runs after each renewal: the database can be written to.
    func onRenewal(_ body: @escaping @Sendable () async -> Void) { subscribers.withLock { $0.renewals.append(body) } }

    /// - Parameters:
    ///   - asking: Runs just before the database is asked who the others are.
    ///   - answered: Runs with the answer.
    func onOthers(asking: @escaping @Sendable () -> Void, answered: @escaping @Sendable (Others) async -> Void) {
        subscribers.withLock { subscribers in
            subscribers.asking.append(asking)
            subscribers.others.append(answered)
        }
    }

    /// `body` runs with false when this server's sockets belong on other servers, and with true when it may have sockets
    /// again.
    public func onSockets(_ body: @escaping @Sendable (_ mayStay: Bool) async -> Void) {
        subscribers.withLock { $0.sockets.append(body) }
    }

    public func countSockets(_ body: @escaping @Sendable () -> Int) {
        subscribers.withLock { $0.countSockets = body }
    }

    // MARK: Life

    /// Joins the servers of the database.
    /// - Throws: `NodeAdmission.Refusal`, and what the database throws.
    func join() async throws {
        let began = ContinuousClock.now
        let (identity, others) = try await makeRow()
        let count = others.living.count
        state.withLock { state in
            state.identity = identity
            state.lease = NodeLease(others: count, now: began)
        }
        for body in subscribers.withLock({ $0.others }) { await body(others) }
        joining.yield()
        logger.info("joined", metadata: ["number": "\(identity.number)", "others": "\(count)"])
    }

    private func makeRow() async throws -> (NodeIdentity, Others) {
        let epoch = UUID()
        for attempt in 1... {
            do {
                let joined = try await store.join(admission, epoch: epoch, ownsDatabase: ownsDatabase)
                return (
                    NodeIdentity(number: joined.number, epoch: epoch),
                    Others(living: joined.others.living, silent: joined.others.dead, mayJudge: false)
                )
            } catch  where DatabaseFailure.metLock(error) && attempt < Self.attempts {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        preconditionFailure("the loop ends by its return")
    }

    /// Renews the lease until the task is cancelled.
    func run() async {
        var joined = joinings.makeAsyncIterator()
        guard await joined.next() != nil else { return }
        while !Task.isCancelled {
            await pause()
            for action in change({ $0.tick(.now) }) { await perform(action) }
        }
    }

    /// The server stops, and says so: nobody has to wait until its lease has run out.
    func leave() async {
        guard identity.number != 0 else { return }
        do {
            try await store.leave(identity.epoch)
        } catch {
            logger.warning("the other servers were not told that this one stops", metadata: ["error": "\(error)"])
        }
    }

    /// Another server was heard of that the database may not have told of yet.
    func hurry() {
        state.withLock { state in
            state.lease?.hurry(now: .now)
            state.pause?.cancel()
        }
    }

    /// From now on the server's row says that it stops.
    public func beginDraining() {
        state.withLock { state in
            state.isDraining = true
            state.lease?.hurry(now: .now)
            state.pause?.cancel()
        }
    }

    private func pause() async {
        let pause = state.withLock { state in
            let end = state.lease?.nextAsk ?? .now
            let pause = Task { _ = try? await Task.sleep(until: end) }
            state.pause = pause
            return pause
        }
        await withTaskCancellationHandler {
            await pause.value
        } onCancel: {
            pause.cancel()
        }
    }

    private func change<Value: Sendable>(_ body: (inout NodeLease) -> Value) -> Value {
        state.withLock { state in
            guard var lease = state.lease else { preconditionFailure("the server has joined") }
            defer { state.lease = lease }
            return body(&lease)
        }
    }

    private func perform(_ action: NodeLease.Action) async {
        let subscribers = subscribers.withLock { $0 }
        switch action {
        case .renew: await renew(subscribers)
        case .join: await joinAgain()
        case .reap: await reap()
        case .beginEpoch:
            let identity = identity
            for body in subscribers.epochs { await body(identity) }
        case .letSocketsGo:
            logger.error("without the database for a minute: sockets are left to the other servers")
            for body in subscribers.sockets { await body(false) }
        case .takeSocketsBack:
            for body in subscribers.sockets { await body(true) }
        }
    }

    private func renew(_ subscribers: Subscribers) async {
        let (node, isDraining) = state.withLock { ($0.identity.epoch, $0.isDraining) }
        for body in subscribers.asking { body() }
        do {
            let vitals = NodeStore.Vitals(sockets: subscribers.countSockets(), isDraining: isDraining)
            guard let renewal = try await store.renew(node, vitals) else {
                logger.warning("the other servers took this one for dead; it joins again")
                return change { $0.isGone(now: .now) }
            }
            let actions = change {
                $0.renewed(others: renewal.living.count, dead: renewal.dead.count, now: .now)
            }
            let others = Others(
                living: renewal.living, silent: renewal.dead, mayJudge: change { $0.isUnbroken })
            for body in subscribers.others { await body(others) }
            for action in actions { await perform(action) }
            for body in subscribers.renewals { await body() }
        } catch {
            fail("the server's lease cannot be renewed", error)
        }
    }

    private func joinAgain() async {
        for body in subscribers.withLock({ $0.asking }) { body() }
        do {
            let (identity, others) = try await makeRow()
            state.withLock { $0.identity = identity }
            let count = others.living.count
            for action in change({ $0.joined(others: count, now: .now) }) { await perform(action) }
            for body in subscribers.withLock({ $0.others }) { await body(others) }
        } catch {
            fail("the server cannot join the others again", error)
        }
    }

    private func fail(_ what: String, _ error: any Error) {
        change { $0.failed(now: .now) }
        guard !Task.isCancelled else { return }
        logger.warning("\(what)", metadata: ["error": "\(error)"])
    }

    private func reap() async {
        do {
            for number in try await store.reap() {
                logger.warning("a server died", metadata: ["number": "\(number)"])
            }
        } catch {
            logger.debug("dead servers are cleared away later", metadata: ["error": "\(error)"])
        }
    }
}
