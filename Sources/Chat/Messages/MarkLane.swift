import ChatModel
import ChatStore
import Logging

/// Writes the marks of some conversations, one batch at a time.
final class MarkLane: Sendable {
    typealias Completion = MarkWriter.Completion

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
    private static let maxWait: Duration = .seconds(3)
    private static let pause: Duration = .milliseconds(250)

    private typealias Entry = (key: Key, mark: Mark)

    private struct Waiting {
        var marks: [Key: Mark] = [:]
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

    /// `next` runs under the lock, so it only hands over the table.
    private let batcher = Batcher<Waiting, (marks: [Key: Mark], passingBy: Bool)>(Waiting()) { waiting in
        guard !waiting.marks.isEmpty else { return nil }
        defer { waiting.marks = [:] }
        return (waiting.marks, waiting.passingBy)
    }
    private let capacity: Int
    private let store: MarkStore
    private let events: any EventSink
    private let logger: Logger

    init(store: MarkStore, events: any EventSink, logger: Logger, capacity: Int) {
        self.store = store
        self.events = events
        self.logger = logger
        self.capacity = capacity
    }

    /// Everything up to `seq` was delivered and, if `read`, read. Marks never move back, nor past the last message.
    func submit(
        _ seq: Int, read: Bool, in conversation: ConversationID, by user: UserID, complete: @escaping Completion
    ) {
        enum Outcome { case added, held, refused }
        let key = Key(conversation: conversation, user: user)
        var outcome = Outcome.refused
        batcher.submit { waiting in
            let isHeld = waiting.held[key] != nil
            guard isHeld || waiting.marks[key] != nil || waiting.marks.count + waiting.held.count < capacity else {
                return false
            }
            var mark =
                waiting.held[key] ?? waiting.marks[key]
                ?? Mark(delivered: 0, read: 0, deadline: .now + Self.maxWait, completions: [])
            mark.delivered = max(mark.delivered, seq)
            if read { mark.read = max(mark.read, seq) }
            // A device sends at most one mark for each message. More of them is a flood.
            guard mark.completions.count < 1000 else { return false }
            mark.completions.append(complete)
            if isHeld {
                waiting.held[key] = mark
                outcome = .held
                return false
            }
            waiting.marks[key] = mark
            outcome = .added
            return true
        } work: { batch in
            await self.write(batch.marks, passingBy: batch.passingBy)
        }
        if outcome == .refused { complete(.failure(.unavailable)) }
    }

    private func write(_ marks: [Key: Mark], passingBy: Bool) async {
        let entries = marks.map { (key: $0.key, mark: $0.value) }
        do {
            let locked = try await move(entries, passingBy: passingBy)
            if locked.isEmpty {
                batcher.update { $0.passingBy = !$0.held.isEmpty }
            } else {
                hold(locked)
            }
        } catch  where DatabaseFailure.metLock(error) && !passingBy {
            batcher.update { waiting in
                waiting.passingBy = true
                for (key, mark) in entries { waiting.put(mark, of: key) }
            }
        } catch {
            let refusal = ChatError(databaseError: error, logger: logger)
            for (_, mark) in entries { for complete in mark.completions { complete(.failure(refusal)) } }
        }
    }

    /// Tries marks again after a pause, and gives up on those that have waited too long.
    private func hold(_ entries: [Entry]) {
        let now = ContinuousClock.now
        let isFirst = batcher.update { waiting in
            for (key, mark) in entries where mark.deadline > now {
                var joined = waiting.held[key] ?? mark
                if waiting.held[key] != nil { joined.join(mark) }
                waiting.held[key] = joined
            }
            defer { waiting.willTryAgain = true }
            return !waiting.willTryAgain
        }
        for (_, mark) in entries where mark.deadline <= now {
            for complete in mark.completions { complete(.failure(.unavailable)) }
        }
        guard isFirst else { return }
        Task {
            try? await Task.sleep(for: Self.pause)
            batcher.submit { waiting in
                waiting.willTryAgain = false
                waiting.passingBy = !waiting.held.isEmpty
                for (key, mark) in waiting.held { waiting.put(mark, of: key) }
                waiting.held = [:]
                return !waiting.marks.isEmpty
            } work: { batch in
                await self.write(batch.marks, passingBy: batch.passingBy)
            }
        }
    }

    /// - Parameter passingBy: does not wait for rows that somebody else holds.
    /// - Returns: the marks whose rows were passed by.
    private func move(_ entries: [Entry], passingBy: Bool) async throws -> [Entry] {
        let marks = entries.map { key, mark in
            MarkStore.Mark(conversation: key.conversation, user: key.user, delivered: mark.delivered, read: mark.read)
        }
        var locked: [Entry] = []
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
