import ChatModel
import ChatStore
import Synchronization

/// What the database says of uploads whose URLs are opened. Requests that come together share a query, and of an upload
/// that is opened again and again, such as a picture sent to a thousand people, the answer is kept for a moment.
///
/// What is kept is forgotten at once when something is deleted here, and as soon as the notification comes when a
/// moderator deletes it: until then, some milliseconds and `period` at most, a URL that many open goes on working.
final class UploadLookup: Sendable {
    typealias Key = UploadStore.Key
    typealias Answer = UploadStore.Answer

    /// How often one upload was opened of late.
    private struct Openings {
        let until: ContinuousClock.Instant
        var count = 0
        /// What was answered since these are counted.
        var found: UploadStore.Found?
    }

    private struct State {
        var openings: [Key: Openings] = [:]
        /// How often everything was forgotten: an answer asked for before that is not kept.
        var generation = 0

        mutating func open(_ key: Key, at now: ContinuousClock.Instant) -> Openings {
            var counted = openings[key].flatMap { $0.until > now ? $0 : nil } ?? Openings(until: now + period)
            counted.count += 1
            if openings[key] == nil, openings.count >= capacity { openings = [:] }
            openings[key] = counted
            return counted
        }
    }

    /// Openings of one upload are counted, and an answer kept, for this long.
    static let period: Duration = .milliseconds(250)
    /// So many in a period are answered by the database.
    static let asked = 16
    /// Uploads that are counted; one more, and all are counted anew.
    static let capacity = 1000

    private let state = Mutex(State())
    private let query: BatchedQuery<Key, Answer>
    private let now: @Sendable () -> ContinuousClock.Instant

    /// - Parameter find: Answers for those that there are.
    init(
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        find: @escaping @Sendable (Set<Key>) async throws -> [Key: Answer]
    ) {
        self.now = now
        query = BatchedQuery(missing: .failure(.notFound("upload"))) { try await find(Set($0)) }
    }

    /// - Throws: `not_found`, or `gone` once all messages that carried it were deleted.
    func callAsFunction(_ key: Key) async throws -> UploadStore.Found {
        let (openings, generation) = state.withLock { ($0.open(key, at: now()), $0.generation) }
        if openings.count > Self.asked, let found = openings.found { return found }
        let found = try await query(key).get()
        if found.gone { throw UploadStore.gone }
        state.withLock { state in
            guard state.generation == generation, state.openings[key]?.until == openings.until else { return }
            state.openings[key]?.found = found
        }
        return found
    }

    /// To be called after whatever may have taken an upload away, before anybody is told.
    func forget() {
        state.withLock { state in
            state.generation += 1
            state.openings = [:]
        }
    }
}
