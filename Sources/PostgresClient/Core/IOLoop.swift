import DequeModule
import Logging

/// The loop of the I/O thread, for all connections. It waits for sockets and commands, moves bytes, delivers answers,
/// and keeps deadlines.
///
/// It waits only on `poller` and shares no state. Other threads send commands through `mailbox`.
final class IOLoop {
    let configuration: PostgresConfiguration
    let parameters: PQParameters
    let mailbox: Mailbox
    let status: ClientStatus
    let logger: Logger

    var slots: [Int: Slot] = [:]
    var shared: [Slot] = []
    var exclusive: [Slot] = []
    var nextSlot = 0
    /// Which slot a ready socket belongs to.
    var slotByToken: [UInt64: Slot] = [:]
    var nextToken = Poller.firstToken

    /// Requests for any shared connection.
    var queue = RequestQueue()
    /// The time since which no shared connection is up.
    var sharedDownSince: ContinuousClock.Instant?
    var idleExclusive: [Slot] = []
    var waitingLeases: Deque<Lease> = []
    var connectionWaiters: [ConnectionWaiter] = []
    var lastConnectError: PostgresError?
    /// Set by `close`: the deadline of running queries.
    var closingDeadline: ContinuousClock.Instant?

    /// A lower bound of the next deadline.
    private var nextDeadline: ContinuousClock.Instant?
    private var commands: [Command] = []

    /// How long a server may be silent after the time limit of its current statement.
    static let stuckGrace: Duration = .seconds(3)

    init(
        configuration: PostgresConfiguration, parameters: PQParameters, mailbox: Mailbox, status: ClientStatus,
        logger: Logger
    ) {
        self.configuration = configuration
        self.parameters = parameters
        self.mailbox = mailbox
        self.status = status
        self.logger = logger
    }

    var poller: Poller { mailbox.poller }

    func run() {
        openSlots()
        while !isFinished {
            poller.wait(timeout: nextDeadline.map { $0 - .now }) { token in
                if let slot = slotByToken[token] { socketReady(slot) }
            }
            mailbox.take(into: &commands)
            for command in commands { perform(command) }
            commands.removeAll(keepingCapacity: true)
            pump()
            watchSockets()
            let now = ContinuousClock.now
            if let nextDeadline, nextDeadline <= now { sweep(now: now) }
        }
        tearDown()
    }

    /// Ensures that `sweep` runs no later than this.
    func schedule(at instant: ContinuousClock.Instant) {
        nextDeadline = min(nextDeadline ?? instant, instant)
    }

    private func perform(_ command: Command) {
        switch command {
        case .submit(let request): submit(request)
        case .abandon(let request): abandon(request)
        case .acquire(let lease): acquire(lease)
        case .abandonLease(let lease): abandon(lease)
        case .release(let lease, let ending, let completion): release(lease, ending, completion)
        case .listen(let subscription): listen(subscription)
        case .unlisten(let id): unlisten(id)
        case .awaitConnection(let waiter): awaitConnection(waiter)
        case .started(let start): started(start)
        case .close: beginClosing()
        }
    }

    // MARK: Deadlines

    /// Acts on every deadline that has passed, and finds the next one.
    private func sweep(now: ContinuousClock.Instant) {
        nextDeadline = nil
        for slot in slots.values { sweep(slot, now: now) }
        if isSharedDown(now: now) { queue.failAll(.unavailable) }
        if let earliest = queue.sweep(now: now) {
            schedule(at: earliest)
            if let sharedDownSince { schedule(at: sharedDownSince + configuration.unavailableAfter) }
        }
        sweepLeases(now: now)
        sweepConnectionWaiters(now: now)
        if let closingDeadline { schedule(at: closingDeadline) }
    }

    private func sweep(_ slot: Slot, now: ContinuousClock.Instant) {
        switch slot.state {
        case .starting: break
        case .waiting(let until):
            if until <= now { startConnecting(slot) } else { schedule(at: until) }
        case .connecting(_, let deadline), .settingUp(_, let deadline):
            if deadline <= now {
                lose(slot, PostgresError(.unavailable, "connecting took too long"))
            } else {
                schedule(at: deadline)
            }
        case .ready(let connection):
            if let earliest = connection.sweep(now: now) { schedule(at: earliest) }
            let stuck = connection.stuckDeadline(
                defaultTimeout: configuration.queryTimeout, grace: Self.stuckGrace)
            if let stuck, stuck <= now {
                lose(slot, PostgresError(.connectionLost, "the server does not answer", maybeExecuted: true))
            } else if let stuck {
                schedule(at: stuck)
            }
        }
        if slot.isDown(for: configuration.unavailableAfter, now: now) { slot.queue.failAll(.unavailable) }
        if let earliest = slot.queue.sweep(now: now) {
            schedule(at: earliest)
            if let downSince = slot.downSince { schedule(at: downSince + configuration.unavailableAfter) }
        }
    }

    // MARK: Closing

    private var isFinished: Bool {
        guard let closingDeadline else { return false }
        return closingDeadline <= .now || slots.values.allSatisfy { $0.ready?.isIdle ?? true }
    }

    private func beginClosing() {
        guard closingDeadline == nil else { return }
        let deadline = ContinuousClock.now + configuration.closeTimeout
        closingDeadline = deadline
        schedule(at: deadline)
        queue.failAll(.closed)
        for slot in slots.values { slot.queue.failAll(.closed) }
        failWaitingLeases(.closed)
        failConnectionWaiters(.closed)
    }

    private func tearDown() {
        for slot in slots.values {
            slot.connection?.failAll(PostgresError(.closed, "the client closed meanwhile", maybeExecuted: true))
            if case .listener(let subscription) = slot.role { subscription.finish() }
            slot.lease?.phase = .lost
            slot.lease?.slot = nil
        }
        slots = [:]
        slotByToken = [:]
        shared = []
        exclusive = []
        idleExclusive = []
        status.allConnectionsLost()
        // With no slots and a deadline set, these functions refuse what still comes in.
        for command in mailbox.close() { perform(command) }
    }
}
