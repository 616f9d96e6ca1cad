import ChatStore
import Logging
import Media

/// Deletes objects to which no row refers any more, or never will. The rows that named them have left their keys in the
/// database, and new ones are announced there, so a deletion that fails, or a server that dies, leaves nothing behind.
final class DroppedObjects: Sendable {
    private let store: DroppedObjectStore
    private let jobs: Jobs
    private let objects: ObjectContents?
    private let logger: Logger
    private let (looks, looking) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// One server at a time deletes.
    private static let job = Jobs.Job(name: "dropped objects", period: .zero, lease: .seconds(60))
    private static let batch = 100
    /// How many deletions are under way at a time.
    private static let width = 4
    /// How long nothing is tried while the store is away, or another server at work.
    private static let pause: Duration = .seconds(10)
    /// How often there is a look for keys whose time has come.
    private static let period: Duration = .seconds(60)

    init(store: DroppedObjectStore, jobs: Jobs, objects: ObjectContents?, logger: Logger) {
        self.store = store
        self.jobs = jobs
        self.objects = objects
        self.logger = logger
    }

    /// Something may have been dropped.
    func look() {
        if objects != nil { looking.yield() }
    }

    /// Objects with these keys are about to be stored.
    func announce(_ keys: [String]) async throws { try await store.announce(keys) }

    /// A copy was stored beside a content.
    /// - Returns: Whether the content is still there. Otherwise the copy goes.
    func keep(copy: String, of key: String) async throws -> Bool {
        if try await store.keep(copy: copy, of: key) { return true }
        await giveUp([copy])
        return false
    }

    /// Nothing will refer to the objects with these keys. Those to which a row refers after all stay. If the database does not
    /// hear of it, they go a day later.
    func giveUp(_ keys: [String]) async {
        // Also for a caller that was cancelled.
        await Task {
            do {
                try await store.giveUp(keys)
                look()
            } catch {
                logger.debug("objects that nobody needs go a day later", metadata: ["error": "\(error)"])
            }
        }.value
    }

    /// Deletes what was dropped, until the task is cancelled.
    func run() async {
        guard let objects else { return }
        async let ticking: Void = tick()
        var failures = Failures()
        for await _ in looks {
            do {
                guard try await !store.list(limit: 1).isEmpty else { continue }
                let isDone = try await jobs.attempt(Self.job) {
                    try await forgetOld(&failures)
                    while try await deleteSome(objects, &failures) {}
                }
                if !isDone {
                    // The other may have looked before the last key came.
                    try await Task.sleep(for: Self.pause)
                    looking.yield()
                }
            } catch is CancellationError {
                break
            } catch {
                // That the store is away has been said.
                let isAway = (error as? MediaError)?.code == .away
                logger.log(
                    level: isAway ? .debug : .warning, "dropped objects are deleted later",
                    metadata: ["error": "\(error)"])
                try? await Task.sleep(for: Self.pause)
                // Until the store is there again.
                looking.yield()
            }
        }
        await ticking
    }

    private func tick() async {
        repeat { looking.yield() } while (try? await Task.sleep(for: Self.period)) != nil
    }

    private struct Failures {
        /// How often each key could not be deleted.
        var ofKeys: [String: Int] = [:]
        /// How often in succession all keys were refused.
        var refusals = 0
    }

    /// Other servers have deleted what is not there any more.
    private func forgetOld(_ failures: inout Failures) async throws {
        guard !failures.ofKeys.isEmpty else { return }
        let remaining = Set(try await store.remaining(Array(failures.ofKeys.keys)))
        failures.ofKeys = failures.ofKeys.filter { remaining.contains($0.key) }
    }

    /// Those that cannot be deleted are tried again later, and hold up no others.
    /// - Returns: Whether there may be more.
    private func deleteSome(_ objects: ObjectContents, _ failures: inout Failures) async throws -> Bool {
        let keys = try await store.list(limit: Self.batch)
        guard !keys.isEmpty else { return false }
        let outcome = await DroppedDeletion.run(keys, width: Self.width) { try await objects.delete(droppedKey: $0) }
        try await store.forget(outcome.deleted)
        for key in outcome.deleted { failures.ofKeys[key] = nil }
        if let refusal = outcome.refusal {
            failures.refusals += 1
            if failures.refusals == 1 {
                logger.warning(
                    "dropped objects cannot be deleted: may the key delete? It is tried again",
                    metadata: ["error": "\(refusal)"])
            }
            let pause = DroppedDeletion.pause(after: failures.refusals)
            try await store.postpone(keys, by: pause)
            // Within this server's turn: the others would be refused, too.
            try await Task.sleep(for: .seconds(pause))
            return false
        }
        if !outcome.deleted.isEmpty { failures.refusals = 0 }
        for (key, error) in outcome.failed {
            let count = failures.ofKeys[key, default: 0] + 1
            failures.ofKeys[key] = count
            try await store.postpone([key], by: DroppedDeletion.pause(after: count))
            if count == 1 {
                logger.warning(
                    "a dropped object cannot be deleted; it is tried again",
                    metadata: ["key": "\(key)", "error": "\(error)"])
            }
        }
        if let error = outcome.stop { throw error }
        return keys.count == Self.batch
    }
}
