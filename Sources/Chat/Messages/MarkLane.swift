import ChatModel
import ChatStore
import Logging
import Synchronization

/// Writes the marks of some conversations, one batch at a time, and tells of those that moved.
final class MarkLane: Sendable {
    typealias Completion = MarkWriter.Completion
    typealias Queue = MarkQueue<Completion>

    /// Between the beginnings of two writes: marks for the same message come within some milliseconds.
    private static let pause: Duration = .milliseconds(20)
    private static let maxBatch = 1000

    private struct State: Sendable {
        var queue: Queue
        var news = MarkNews()
        /// Who is acknowledged when the news of a conversation has been told.
        var untold: [ConversationID: [Queue.Entry]] = [:]
        var isWriting = false
        /// Whether writes skip locked rows: from when one was locked until none is.
        var passesBy = false
        /// When the next write may begin.
        var nextWrite: Duration = .zero
        /// The next time at which somebody looks what is due.
        var alarm: Duration?
        /// Who waits until everything is written.
        var finishing: [CheckedContinuation<Void, Never>] = []
    }

    private enum Step {
        case write([Queue.Entry], passingBy: Bool)
        case wake(Duration)
        case nothing
    }

    private let state: Mutex<State>
    private let store: MarkStore
    private let events: any EventSink
    private let logger: Logger
    private let began = ContinuousClock.now

    init(store: MarkStore, events: any EventSink, logger: Logger, capacity: Int) {
        self.store = store
        self.events = events
        self.logger = logger
        state = Mutex(State(queue: Queue(capacity: capacity)))
    }

    private var now: Duration { ContinuousClock.now - began }

    /// Everything up to `seq` was delivered and, if `read`, read. Marks never move back, nor past the last message.
    func submit(
        _ seq: Int, read: Bool, in conversation: ConversationID, by user: UserID, complete: @escaping Completion
    ) {
        let key = Queue.Key(conversation: conversation, user: user)
        let now = now
        let step = state.withLock { state -> Step? in
            guard state.queue.submit(seq, read: read, of: key, at: now, complete: complete) else { return nil }
            return next(&state)
        }
        guard let step else { return complete(.failure(.unavailable)) }
        take(step)
    }

    /// From now on marks do not wait. Returns when all are written, or given up.
    func finish() async {
        let now = now
        state.withLock { $0.queue.hurry(at: now) }
        tell([], by: [])
        goOn()
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                guard state.isWriting || !state.queue.isEmpty else { return true }
                state.finishing.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    /// Begins what is due, or sees to it that somebody does when it is.
    private func goOn() { take(state.withLock { self.next(&$0) }) }

    private func take(_ step: Step) {
        switch step {
        case .write(let entries, let passingBy):
            Task {
                var batch: ([Queue.Entry], Bool)? = (entries, passingBy)
                while let (entries, passingBy) = batch {
                    await write(entries, passingBy: passingBy)
                    batch = endWrite()
                }
            }
        case .wake(let time): wake(at: time)
        case .nothing: break
        }
    }

    private func endWrite() -> ([Queue.Entry], Bool)? {
        let (step, finished) = state.withLock { state -> (Step, [CheckedContinuation<Void, Never>]) in
            state.isWriting = false
            let step = next(&state)
            guard !state.isWriting, state.queue.isEmpty else { return (step, []) }
            defer { state.finishing = [] }
            return (step, state.finishing)
        }
        for continuation in finished { continuation.resume() }
        switch step {
        case .write(let entries, let passingBy): return (entries, passingBy)
        case .wake(let time): wake(at: time)
        case .nothing: break
        }
        return nil
    }

    /// Under the lock.
    private func next(_ state: inout State) -> Step {
        let now = now
        var alarm = state.news.nextDue
        if !state.isWriting, let due = state.queue.nextDue {
            let start = state.queue.isHurried ? due : max(due, state.nextWrite)
            let entries = start <= now ? state.queue.takeDue(at: now, max: Self.maxBatch) : []
            if !entries.isEmpty {
                state.isWriting = true
                state.nextWrite = now + Self.pause
                return .write(entries, passingBy: state.passesBy)
            }
            let next = start <= now ? state.queue.nextDue : start
            alarm = [alarm, next].compactMap { $0 }.min()
        }
        guard let alarm, state.alarm.map({ alarm < $0 }) ?? true else { return .nothing }
        state.alarm = alarm
        return .wake(alarm)
    }

    private func wake(at time: Duration) {
        Task {
            try? await Task.sleep(until: began + time, clock: .continuous)
            state.withLock { if $0.alarm == time { $0.alarm = nil } }
            tell([], by: [])
            goOn()
        }
    }

    /// Tells of marks that moved, if it is their conversations' turn. Who moved them is acknowledged afterwards.
    private func tell(_ moved: [(marks: MemberMarks, isWide: Bool)], by entries: [Queue.Entry]) {
        let now = now
        // Under the lock, so that of a member's marks the later ones come later.
        let told = state.withLock { state -> [Queue.Entry] in
            for (marks, isWide) in moved { state.news.add(marks, isWide: isWide) }
            for entry in entries { state.untold[entry.key.conversation, default: []].append(entry) }
            var told: [Queue.Entry] = []
            for event in state.news.takeDue(at: now, all: state.queue.isHurried) {
                events.deliver(event)
                if case .marksMoved(let id, _, _) = event { told += state.untold.removeValue(forKey: id) ?? [] }
            }
            return told
        }
        complete(told, with: .success(()))
    }

    private func write(_ entries: [Queue.Entry], passingBy: Bool) async {
        do {
            let locked = try await move(entries, passingBy: passingBy)
            let now = now
            let overdue = state.withLock { state in
                defer { state.passesBy = state.queue.heldCount > 0 }
                return state.queue.hold(locked, at: now)
            }
            complete(overdue, with: .failure(.unavailable))
        } catch  where DatabaseFailure.metLock(error) && !passingBy {
            let now = now
            state.withLock { state in
                state.passesBy = true
                state.queue.retry(entries, at: now)
            }
        } catch {
            complete(entries, with: .failure(ChatError(databaseError: error, logger: logger)))
        }
    }

    /// - Parameter passingBy: does not wait for rows that somebody else holds.
    /// - Returns: the marks whose rows were passed by.
    private func move(_ entries: [Queue.Entry], passingBy: Bool) async throws -> [Queue.Entry] {
        let now = now
        let marks = entries.map { key, mark in
            MarkStore.Mark(
                conversation: key.conversation, user: key.user, delivered: mark.delivered, read: mark.read,
                age: now - mark.asked)
        }
        var locked: [Queue.Entry] = []
        var moved: [(marks: MemberMarks, isWide: Bool)] = []
        var movers: [Queue.Entry] = []
        for move in try await store.move(marks, passingBy: passingBy) {
            let entry = entries[move.ordinal]
            if let attention = move.attention {
                events.deliver(.attentionChanged(attention, in: entry.key.conversation, for: entry.key.user))
            }
            switch move.outcome {
            case .locked: locked.append(entry)
            case .refused(let error): complete([entry], with: .failure(error))
            case .stands: complete([entry], with: .success(()))
            case .moved(let delivered, let read, let isSmall):
                let marks = MemberMarks(
                    conversation: entry.key.conversation, user: entry.key.user, deliveredSeq: delivered, readSeq: read)
                moved.append((marks, isSmall))
                movers.append(entry)
            }
        }
        tell(moved, by: movers)
        return locked
    }

    private func complete(_ entries: [Queue.Entry], with result: Result<Void, ChatError>) {
        for (_, mark) in entries { for complete in mark.completions { complete(result) } }
    }
}
