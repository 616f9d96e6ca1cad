import ChatModel
import ChatStore
import Synchronization

/// Looks up uploads whose URLs are opened. Requests that arrive together share a query. The answer for an upload that is
/// opened again and again, such as a picture sent to a thousand people, is cached for a moment.
///
/// The cache is emptied at once when something is deleted here, and as soon as the notification comes when a moderator
/// deletes something. Until then, for some milliseconds and at most `period`, a URL that many open still works.
final class UploadLookup: Sendable {
    typealias Key = UploadStore.Key
    typealias Answer = UploadStore.Answer

    /// How often one upload was opened lately.
    private struct Openings {
        let until: ContinuousClock.Instant
        var count = 0
        /// The answer since the counting began.
        var found: UploadStore.Found?
    }

    private struct State {
        var openings: [Key: Openings] = [:]
        /// How often the cache was emptied. An answer to an earlier question is not cached.
        var generation = 0

        mutating func open(_ key: Key, at now: ContinuousClock.Instant) -> Openings {
            var counted = openings[key].flatMap { $0.until > now ? $0 : nil } ?? Openings(until: now + period)
            counted.count += 1
            if openings[key] == nil, openings.count >= capacity { openings = [:] }
            openings[key] = counted
            return counted
        }
    }

    /// How long openings of one upload are counted, and an answer is cached.
    static let period: Duration = .milliseconds(250)
    /// How many openings in a period go to the database.
    static let asked = 16
    /// How many uploads are counted. With one more, the counting begins anew.
    static let capacity = 1000

    private let state = Mutex(State())
    private let query: BatchedQuery<Key, Answer>
    private let now: @Sendable () -> ContinuousClock.Instant

    /// - Parameter find: Returns answers for the uploads that exist.
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

    /// Empties the cache. Called after an upload may have been deleted, and before anybody is told.
    func forget() {
        state.withLock { state in
            state.generation += 1
            state.openings = [:]
        }
    }
}
