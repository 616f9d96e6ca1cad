import ChatModel
import ChatStore
import Logging
import Synchronization

/// Stores delivered and read marks in batches: marks that arrive during one write go into the next. Of a member's marks in
/// a conversation only the furthest counts, so the batch is limited by the number of members, not by how fast they read.
final class MarkWriter: Sendable {
    typealias Completion = @Sendable (Result<Void, ChatError>) -> Void

    private struct Key: Hashable {
        var conversation: ConversationID
        var user: UserID
    }

    private struct Mark {
        var delivered: Int
        var read: Int
        /// When we give up if the member's row is still locked.
        var deadline: ContinuousClock.Instant
        var completions: [Completion]

        mutating func join(_ other: Mark) {
            delivered = max(delivered, other.delivered)
            read = max(read, other.read)
            completions += other.completions
        }
    }

    /// How long a mark waits for a locked row, and the pause between two attempts.
    private static let maximumWait: Duration = .seconds(3)
    private static let pause: Duration = .milliseconds(250)

    private struct State {
        var marks: [Key: Mark] = [:]
        var writing = false
        /// Marks of members whose rows are locked. They are tried again after a pause.
        var held: [Key: Mark] = [:]
        var willTryAgain = false
        /// Whether writes skip locked rows: from when one was locked until none is.
        var passingBy = false

        /// Puts a mark back, joined with what arrived for the same member meanwhile.
        mutating func put(_ mark: Mark, of key: Key) {
            var mark = mark
            if let newer = marks[key] { mark.join(newer) }
            marks[key] = mark
        }
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let store: MarkStore
    private let events: any EventSink
    private let logger: Logger

    init(store: MarkStore, events: any EventSink, logger: Logger, capacity: Int = 20_000) {
        self.store = store
        self.events = events
        self.logger = logger
        self.capacity = capacity
    }

    /// Everything up to `seq` was delivered and, if `read`, read. Marks never move back, nor past the last message.
    func submit(
        _ seq: Int, read: Bool, in conversation: ConversationID, by user: UserID, complete: @escaping Completion
    ) {
        let (accepted, start) = state.withLock { state -> (Bool, Bool) in
            let key = Key(conversation: conversation, user: user)
            let isHeld = state.held[key] != nil
            guard isHeld || state.marks[key] != nil || state.marks.count + state.held.count < capacity else {
                return (false, false)
            }
            var mark =
                state.held[key] ?? state.marks[key]
                ?? Mark(delivered: 0, read: 0, deadline: .now + Self.maximumWait, completions: [])
            mark.delivered = max(mark.delivered, seq)
            if read { mark.read = max(mark.read, seq) }
            // A device sends at most one mark for each message. More of them is a flood.
            guard mark.completions.count < 1000 else { return (false, false) }
            mark.completions.append(complete)
            if isHeld {
                state.held[key] = mark
                return (true, false)
            }
            state.marks[key] = mark
            defer { state.writing = true }
            return (true, !state.writing)
        }
        if !accepted { complete(.failure(.unavailable)) }
        if start { Task { await write() } }
    }

    /// Writes until no mark waits.
    private func write() async {
        while true {
            let (marks, passingBy) = state.withLock { state in
                let marks = state.marks
                state.marks = [:]
                if marks.isEmpty { state.writing = false }
                return (marks, state.passingBy)
            }
            if marks.isEmpty { return }
            let entries = marks.map { (key: $0.key, mark: $0.value) }
            do {
                let locked = try await write(entries, passingBy: passingBy)
                if locked.isEmpty {
                    state.withLock { $0.passingBy = !$0.held.isEmpty }
                } else {
                    hold(locked)
                }
            } catch  where DatabaseFailure.metLock(error) && !passingBy {
                state.withLock { state in
                    state.passingBy = true
                    for (key, mark) in entries { state.put(mark, of: key) }
                }
            } catch {
                let refusal = ChatError(databaseError: error, logger: logger)
                for (_, mark) in entries { for complete in mark.completions { complete(.failure(refusal)) } }
            }
        }
    }

    /// Tries marks again after a pause, and gives up on those that have waited too long.
    private func hold(_ entries: [(key: Key, mark: Mark)]) {
        let now = ContinuousClock.now
        let isFirst = state.withLock { state in
            for (key, mark) in entries where mark.deadline > now {
                var joined = state.held[key] ?? mark
                if state.held[key] != nil { joined.join(mark) }
                state.held[key] = joined
            }
            defer { state.willTryAgain = true }
            return !state.willTryAgain
        }
        for (_, mark) in entries where mark.deadline <= now {
            for complete in mark.completions { complete(.failure(.unavailable)) }
        }
        guard isFirst else { return }
        Task {
            try? await Task.sleep(for: Self.pause)
            let start = state.withLock { state in
                state.willTryAgain = false
                state.passingBy = !state.held.isEmpty
                for (key, mark) in state.held { state.put(mark, of: key) }
                state.held = [:]
                guard !state.marks.isEmpty else { return false }
                defer { state.writing = true }
                return !state.writing
            }
            if start { await write() }
        }
    }

    /// - Parameter passingBy: Skips locked rows.
    /// - Returns: The marks whose rows were skipped.
    private func write(_ entries: [(key: Key, mark: Mark)], passingBy: Bool) async throws -> [(key: Key, mark: Mark)] {
        let marks = entries.map { key, mark in
            MarkStore.Mark(conversation: key.conversation, user: key.user, delivered: mark.delivered, read: mark.read)
        }
        var locked: [(key: Key, mark: Mark)] = []
        for (ordinal, outcome) in try await store.move(marks, passingBy: passingBy) {
            let entry = entries[ordinal]
            switch outcome {
            case .locked: locked.append(entry)
            case .refused(let error): for complete in entry.mark.completions { complete(.failure(error)) }
            case .stands: for complete in entry.mark.completions { complete(.success(())) }
            case .moved(let delivered, let read, let isSmall):
                events.deliver(
                    .statusChanged(
                        conversation: entry.key.conversation, user: entry.key.user, deliveredSeq: delivered,
                        readSeq: read, widely: isSmall))
                for complete in entry.mark.completions { complete(.success(())) }
            }
        }
        return locked
    }
}
