import ChatModel
import ChatStore
import Logging
import Synchronization

/// Writes the messages of some conversations, one batch at a time. It waits for no lock longer than the session's
/// `lock_timeout`; from then on it looks at locked rows now and then without waiting (SKIP LOCKED).
///
/// A message that finds the lane at rest is written on the threads that are awake for it anyway: its caller's, and the
/// database client's. The lane's task, which would have to be woken up twice, does everything else.
final class MessageLane: Sendable {
    typealias Item = MessageWriter.Item

    private struct State {
        var queue: BatchQueue<Item>
        var idle: CheckedContinuation<Void, Never>?
        var closed = false
        var held = 0
        var willLookAgain = false
        /// Whether the task has locked rows to look at. Then it writes every message.
        var isTroubled = false
        /// Whether a message is being written without the task, which rests until that is over.
        var isWritingOne = false
        /// What the task has to know of messages that were written without it.
        var news = News()

        /// Ends the task's rest.
        mutating func wake() -> CheckedContinuation<Void, Never>? { isWritingOne ? nil : idle.take() }
    }

    private struct News {
        /// Messages whose outcome is unknown.
        var lost: [Draft] = []
        var metLock = false
    }

    /// State that only the lane's own task uses.
    private struct Work {
        var held: HeldMessages<Item>
        /// Messages that may be stored or not, because the connection broke during the commit. Until we know, no other
        /// message of their conversations may be announced.
        var unresolved: [Draft] = []

        var isTroubled: Bool { !held.lockedRows.isEmpty || !held.isEmpty || !unresolved.isEmpty }
    }

    private let index: Int
    private let metrics: MessageWriter.Metrics
    private let origins: MessageOrigins
    private let store: MessageStore
    private let quota: TextQuota
    private let conversations: Conversations
    private let typing: Typing
    private let cards: LinkCardQueue
    private let events: any EventSink
    private let logger: Logger
    private let maxHeldBytes: Int
    private let state: Mutex<State>

    /// The pause between two looks at locked rows.
    private static let pause: Duration = .milliseconds(250)

    init(
        index: Int, metrics: MessageWriter.Metrics, origins: MessageOrigins, store: MessageStore, quota: TextQuota,
        conversations: Conversations, typing: Typing, cards: LinkCardQueue, events: any EventSink, logger: Logger,
        maxHeldBytes: Int, queue: BatchQueue<Item>
    ) {
        self.index = index
        self.metrics = metrics
        self.origins = origins
        self.store = store
        self.quota = quota
        self.conversations = conversations
        self.typing = typing
        self.cards = cards
        self.events = events
        self.logger = logger
        self.maxHeldBytes = maxHeldBytes
        state = Mutex(State(queue: queue))
    }

    var queued: Int { state.withLock { $0.queue.count + $0.held } }

    func submit(_ item: Item) {
        let isAlone = MessageBatch.isOneStatement(item.draft)
        let admission = state.withLock { state -> Admission in
            guard !state.closed else { return .refused }
            if isAlone, state.idle != nil, !state.isWritingOne, !state.isTroubled {
                state.isWritingOne = true
                return .alone
            }
            return state.queue.append(item) ? .queued(state.wake()) : .refused
        }
        switch admission {
        case .refused: item.complete(.failure(.unavailable))
        case .queued(let idle): idle?.resume()
        case .alone: writeAlone(item)
        }
    }

    private enum Admission {
        case refused
        case queued(CheckedContinuation<Void, Never>?)
        case alone
    }

    /// Writes until the task is cancelled. Then writes the messages that were accepted by then.
    func run() async {
        var work = Work(
            held: HeldMessages(maximum: 5000, maxEach: 500, maxBytes: maxHeldBytes) { $0.draft })
        var lastLook = ContinuousClock.now
        await withTaskCancellationHandler {
            while await nextWork(work) {
                let news = state.withLock { state in
                    defer { state.news = News() }
                    return state.news
                }
                work.unresolved += news.lost
                if work.isTroubled, .now - lastLook >= Self.pause {
                    await look(&work)
                    lastLook = .now
                }
                let batch = state.withLock { $0.queue.nextBatch() }
                if !batch.isEmpty { await write(batch, &work, mayBeLocked: news.metLock) }
                if work.isTroubled { lookAgainSoon() }
            }
        } onCancel: {
            state.withLock { state -> CheckedContinuation<Void, Never>? in
                state.closed = true
                return state.wake()
            }?.resume()
        }
    }

    /// Makes the lane look again after a pause, also when no message arrives.
    private func lookAgainSoon() {
        let isFirst = state.withLock { state in
            defer { state.willLookAgain = true }
            return !state.willLookAgain
        }
        guard isFirst else { return }
        Task {
            try? await Task.sleep(for: Self.pause)
            state.withLock { state in
                state.willLookAgain = false
                return state.wake()
            }?.resume()
        }
    }

    /// Waits until there is something to write or to look at. False once the lane is closed and has nothing left.
    private func nextWork(_ work: Work) async -> Bool {
        let held = work.held.count
        let isTroubled = work.isTroubled
        await withCheckedContinuation { continuation in
            let mustWait = state.withLock { state in
                state.held = held
                state.isTroubled = isTroubled
                guard state.queue.isEmpty, !state.closed || held > 0 else { return false }
                state.idle = continuation
                return true
            }
            if !mustWait { continuation.resume() }
        }
        return state.withLock { !$0.queue.isEmpty || !$0.closed || held > 0 }
    }

    // MARK: Locked rows

    /// Finds the rows that are free again and queues the messages that waited for them. Gives up on messages that have
    /// waited too long.
    private func look(_ work: inout Work) async {
        do {
            let now = ContinuousClock.now
            for item in work.held.expire(where: { $0.deadline <= now }) { item.complete(.failure(.unavailable)) }
            let doubtful = Set(work.unresolved.map { LockedRow.conversation($0.conversation) })
            let rows = work.held.lockedRows.union(doubtful)
            let free = rows.subtracting(try await store.locked(among: rows, on: index))
            // A transaction that still runs on the server holds the locks of its conversations.
            let settled = work.unresolved.filter { free.contains(.conversation($0.conversation)) }
            if !settled.isEmpty {
                let stored = try await store.find(settled.map(\.id))
                var messages: [NewMessage] = []
                for message in stored {
                    messages.append(NewMessage(message: message, arriving: await conversations.reveal(message)))
                }
                if !messages.isEmpty { events.announce(messages) }
                work.unresolved.removeAll { free.contains(.conversation($0.conversation)) }
            }
            work.held.note(free: free)
        } catch {
            // The database is not available, and nothing is gained by waiting longer.
            for item in work.held.removeAll() { item.complete(.failure(.unavailable)) }
            return
        }
        let released = work.held.release()
        if !released.isEmpty { state.withLock { $0.queue.prepend(released) } }
    }

    /// The items that do not have to wait. The others are held, or refused when too many are held.
    private func free(_ items: [Item], _ work: inout Work) -> [Item] {
        items.filter { item in
            switch work.held.hold(item) {
            case .free: return true
            case .held: return false
            case .refused:
                item.complete(.failure(.unavailable))
                return false
            }
        }
    }

    // MARK: Writing

    private func write(_ batch: [Item], _ work: inout Work, mayBeLocked: Bool) async {
        var items = batch
        if work.isTroubled || mayBeLocked {
            // Other rows may be locked, too. Looking at all of them costs less than waiting for each.
            work.held.note(locked: Set(work.unresolved.map { .conversation($0.conversation) }))
            let rows = items.reduce(into: Set<LockedRow>()) { $0.formUnion($1.draft.rows) }
            if let locked = try? await store.locked(among: rows, on: index) { work.held.note(locked: locked) }
            items = free(items, &work)
        }
        // A row may be unlocked or locked between the write and our look at it.
        for _ in 1...3 where !items.isEmpty {
            switch await attempt(items) {
            case .done(let lost):
                work.unresolved += lost
                return
            case .locked:
                let rows = items.reduce(into: Set<LockedRow>()) { $0.formUnion($1.draft.rows) }
                if let locked = try? await store.locked(among: rows, on: index) { work.held.note(locked: locked) }
                items = free(items, &work)
            }
        }
        // Something else is locked, such as a table.
        for item in items { item.complete(.failure(.unavailable)) }
    }

    private enum Attempt {
        /// The messages whose outcome is unknown.
        case done(lost: [Draft])
        case locked
    }

    /// Writes a batch and answers each item, unless it met a lock.
    private func attempt(_ items: [Item]) async -> Attempt {
        let drafts = items.map(\.draft)
        let batch = MessageBatch(drafts)
        origins.add(drafts)
        defer { origins.remove(drafts) }
        do {
            // Accepted messages are written, whatever becomes of the lane's task.
            let began = ContinuousClock.now
            let result = try await store.insert(batch, on: index)
            record(items.count, since: began)
            answer(items, result.outcomes, await reveal(result.revealing))
            return .done(lost: [])
        } catch  where DatabaseFailure.metLock(error) {
            return .locked
        } catch  where DatabaseFailure.isStatementRefused(error) && items.count > 1 {
            // One message made the statement fail for all. Each is tried alone, so that only that one is refused.
            logger.warning("a batch of messages failed and is repeated singly", metadata: ["error": "\(error)"])
            var lost: [Draft] = []
            for item in items {
                switch await attempt([item]) {
                case .done(let drafts): lost += drafts
                case .locked: item.complete(.failure(.unavailable))
                }
            }
            return .done(lost: lost)
        } catch {
            let refusal = ChatError(databaseError: error, logger: logger)
            for item in items { item.complete(.failure(refusal)) }
            guard DatabaseFailure.maybeExecuted(error) else { return .done(lost: []) }
            return .done(lost: drafts)
        }
    }

    /// Begins to write a message that finds the lane at rest. Whatever becomes of it, `rest` follows.
    private func writeAlone(_ item: Item) {
        origins.add([item.draft])
        let began = ContinuousClock.now
        store.insertAlone(MessageBatch([item.draft]), on: index) { [self] outcome in
            switch outcome {
            case .success(let result?):
                record(1, since: began)
                guard !result.revealing.isEmpty else {
                    answer([item], result.outcomes, [:])
                    return rest(after: item)
                }
                Task {
                    answer([item], result.outcomes, await reveal(result.revealing))
                    rest(after: item)
                }
            case .success(nil): rest(after: item, isUnwritten: true)
            case .failure(let error) where DatabaseFailure.metLock(error):
                rest(after: item, isUnwritten: true, News(metLock: true))
            case .failure(let error):
                item.complete(.failure(ChatError(databaseError: error, logger: logger)))
                rest(after: item, News(lost: DatabaseFailure.maybeExecuted(error) ? [item.draft] : []))
            }
        }
    }

    /// Ends the writing of one message. The task goes on if there is something for it.
    private func rest(after item: Item, isUnwritten: Bool = false, _ news: News = News()) {
        origins.remove([item.draft])
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.isWritingOne = false
            if isUnwritten { state.queue.prepend([item]) }
            state.news.lost += news.lost
            state.news.metLock = state.news.metLock || news.metLock
            let isOver = state.queue.isEmpty && news.lost.isEmpty && !state.closed
            return isOver ? nil : state.wake()
        }?.resume()
    }

    private func record(_ count: Int, since began: ContinuousClock.Instant) {
        metrics.commitSeconds.record((ContinuousClock.now - began) / .seconds(1))
        metrics.batchSizes.record(Double(count))
    }

    /// Reads for whom messages bring back a conversation that was hidden.
    private func reveal(_ messages: [Message]) async -> [MessageID: [NewMember]] {
        var arriving: [MessageID: [NewMember]] = [:]
        for message in messages {
            events.promise(message.revision, of: message.conversationId)
            arriving[message.id] = await Task { [conversations] in await conversations.reveal(message) }.value
        }
        return arriving
    }

    private func answer(
        _ items: [Item], _ outcomes: [MessageBatch.Outcome], _ arriving: [MessageID: [NewMember]]
    ) {
        announce(items, outcomes, arriving)
        for (item, outcome) in zip(items, outcomes) {
            switch outcome {
            case .stored(let message):
                item.complete(.success(.init(message: message, repeated: false)))
            case .refused(let error):
                item.complete(.failure(error))
            case .repeated(let id):
                // Not on the lane: nothing is announced, and the message is read as it is now.
                Task { [store, events, logger] in
                    do {
                        guard let message = try await store.find(id) else {
                            throw ChatError.notFound("message")
                        }
                        // Whoever stored it may have died before anybody was told.
                        events.hear(of: message.revision, in: message.conversationId)
                        item.complete(.success(.init(message: message, repeated: true)))
                    } catch {
                        item.complete(.failure(ChatError(databaseError: error, logger: logger)))
                    }
                }
            }
        }
        // Nobody waits for a card.
        for case .stored(let message) in outcomes { cards.offer(message) }
    }

    private func announce(
        _ items: [Item], _ outcomes: [MessageBatch.Outcome], _ arriving: [MessageID: [NewMember]]
    ) {
        var messages: [NewMessage] = []
        messages.reserveCapacity(items.count)
        for case (let item, .stored(let message)) in zip(items, outcomes) {
            let draft = item.draft
            typing.end(in: draft.conversation, by: draft.sender, origin: draft.origin)
            let alts = draft.alts.values.reduce(0) { $0 + $1.utf8.count }
            quota.count(message.text.utf8.count + alts + TextQuota.bytesOfMessage, of: draft.sender)
            messages.append(
                NewMessage(message: message, origin: draft.origin, arriving: arriving[message.id] ?? []))
        }
        metrics.messages.add(messages.count)
        if !messages.isEmpty { events.announce(messages) }
    }
}
