import ChatModel
import ChatStore
import Logging

/// Compares what everybody who is connected here follows with the database, when anything may have been missed.
final class Reconciler: Sendable {
    let passes = Counter()
    private let stream: ConversationStream
    private let conversations: ConversationStore
    private let presence: Presence
    private let facts: MissedFacts
    private let logger: Logger
    private let (wishes, wish) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// How many people one statement asks for.
    private static let batch = 128
    /// The database works for at most a fifth of the time.
    private static let rest = 4
    private static let retryDelay: Duration = .milliseconds(500)
    private static let maxAttempts = 20

    init(
        stream: ConversationStream, conversations: ConversationStore, presence: Presence, facts: MissedFacts,
        logger: Logger
    ) {
        self.facts = facts
        self.stream = stream
        self.conversations = conversations
        self.presence = presence
        self.logger = logger
    }

    /// What happens from here on is heard; what happened before may have been missed. Several wishes are fulfilled by one
    /// pass that begins after them.
    func request() { wish.yield() }

    /// Until the task is cancelled.
    func run() async {
        async let looking: Void = facts.run()
        for await _ in wishes { await pass() }
        await looking
    }

    private func pass() async {
        let users = presence.here
        guard !users.isEmpty else { return }
        passes.add()
        let since = facts.since
        var listed: Set<ConversationID> = []
        var ahead: Set<ConversationID> = []
        for begin in stride(from: 0, to: users.count, by: Self.batch) {
            let batch = Array(users[begin..<min(begin + Self.batch, users.count)])
            let began = ContinuousClock.now
            await untilDone { try await meet(batch, &listed, &ahead) }
            if let since { await untilDone(atMost: Self.maxAttempts) { try await facts.tell(batch, since: since) } }
            if begin + Self.batch < users.count {
                try? await Task.sleep(for: (ContinuousClock.now - began) * Self.rest)
            }
            if Task.isCancelled { return }
        }
        // Whoever followed these is not shown them any more.
        for id in stream.conversations where !listed.contains(id) { stream.reread(id) }
        await check(ahead)
        if let since { await untilDone(atMost: Self.maxAttempts) { try await facts.tellProfiles(since: since) } }
    }

    /// - Parameter attempts: After which it is given up, so that the next pass can begin; nil for what no pass can do without.
    private func untilDone(atMost attempts: Int? = nil, _ body: () async throws -> Void) async {
        var failures = 0
        while !Task.isCancelled {
            do {
                return try await body()
            } catch {
                failures += 1
                if failures == attempts {
                    return logger.warning("what may have been missed is not told", metadata: ["error": "\(error)"])
                }
                logger.debug("what may have been missed is looked for later", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: Self.retryDelay)
            }
        }
    }

    private func meet(
        _ users: [UserID], _ listed: inout Set<ConversationID>, _ ahead: inout Set<ConversationID>
    ) async throws {
        // Only read: whoever has to come into a room or to leave it does so in the turn of that change, and is told.
        for (user, list) in try await conversations.positions(of: users) {
            for position in list {
                listed.insert(position.id)
                if stream.meet(position, of: user) { ahead.insert(position.id) }
            }
        }
    }

    /// The list may be older than what was told. If the database still has less, it has lost changes: the clients find out
    /// when they come again.
    private func check(_ ids: Set<ConversationID>) async {
        for id in ids {
            guard let applied = stream.applied(id),
                let found = try? await conversations.snapshots([(id: id, since: applied)]).first,
                found.position.revision < applied
            else { continue }
            logger.warning("the database has gone back", metadata: ["conversation": "\(id)"])
            stream.giveUp(id)
        }
    }
}
